import { formsOf, type SearchDocument } from "./search.ts";
import { blanksOf, slipsOf } from "./slips.ts";

// Words are letters and digits only (and a blank), so quotes are all it takes to write them into a tsvector or tsquery.
const exact = (word: string) => `'${word}'`;
const prefix = (word: string) => `'${word}':*`;

// The distance at which PostgreSQL no longer takes two words for neighbours.
const FIELD_GAP = 100;
const POSITION_MAX = 16_383;

/** What a product is found by, as tsvectors. */
export interface Vectors {
  /** Its words: small, since every match is ranked by it. */
  readonly words: string;
  /** Its words and their singulars, also with a blank for each letter, to meet queries with typing errors. */
  readonly near: string;
}

/** The words of a product, with their places and weights. */
export function toVectors(document: SearchDocument): Vectors {
  const words: string[] = [];
  const near: string[] = [];
  let position = 0;
  const add = (field: readonly string[], weight: "A" | "B" | "D") => {
    for (const word of field) {
      position = Math.min(position + 1, POSITION_MAX);
      const at = `:${position}${weight}`;
      words.push(exact(word) + at);
      near.push(
        ...formsOf(word)
          .flatMap((it) => [it, ...blanksOf(it)])
          .map((it) => exact(it) + at),
      );
    }
    position += FIELD_GAP;
  };
  add(document.name, "A");
  add(document.details, "B");
  add(document.description, "D");
  return { words: words.join(" "), near: near.join(" ") };
}

/** A term as tsqueries on the two vectors; one of them has to match. */
export function toTermQueries(term: string): Vectors {
  const forms = formsOf(term);
  return {
    words: [prefix(term), ...forms.slice(1).map(exact)].join(" | "),
    near: forms
      .flatMap((it) => [it, ...slipsOf(it)])
      .map(exact)
      .join(" | "),
  };
}

/** A tsquery for all of these. */
export function allOf(queries: readonly string[]): string {
  return queries.map((it) => `(${it})`).join(" & ");
}

/** A tsquery for the whole words, which make a match better. */
export function toWholeWordsQuery(terms: readonly string[]): string {
  return terms.flatMap(formsOf).map(exact).join(" | ");
}
