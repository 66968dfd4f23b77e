import { nearWords, type SearchDocument, type SearchTerms } from "./search.ts";

// Words are letters and digits only, so quotes are all it takes to write them into a tsvector or tsquery.
const exact = (word: string) => `'${word}'`;
const prefix = (word: string) => `'${word}':*`;
const withNear = (word: string) => [word, ...nearWords(word)];

// The distance at which PostgreSQL no longer takes two words for neighbours.
const FIELD_GAP = 100;
const POSITION_MAX = 16_383;

/** What a product is found by, as tsvectors. */
export interface Vectors {
  /** Its words: small, since every match is ranked by it. */
  readonly words: string;
  /** Its words and those one letter short of them, for queries with typing errors. */
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
      near.push(...withNear(word).map((it) => exact(it) + at));
    }
    position += FIELD_GAP;
  };
  add(document.name, "A");
  add(document.details, "B");
  add(document.description, "D");
  return { words: words.join(" "), near: near.join(" ") };
}

/** A term as tsqueries on the two vectors; one of them has to match. */
export function toTermQueries(forms: readonly string[]): Vectors {
  return { words: forms.map(prefix).join(" | "), near: forms.flatMap(withNear).map(exact).join(" | ") };
}

/** A tsquery for all of these. */
export function allOf(queries: readonly string[]): string {
  return queries.map((it) => `(${it})`).join(" & ");
}

/** A tsquery for the whole words, which make a match better. */
export function toWholeWordsQuery({ terms }: SearchTerms): string {
  return terms.flat().map(exact).join(" | ");
}
