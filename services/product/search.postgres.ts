import { nearWords, type SearchDocument, type SearchTerms } from "./search.ts";

// Words are letters and digits only, so quotes are all it takes to write them into a tsvector or tsquery.
const exact = (word: string) => `'${word}'`;
const prefix = (word: string) => `'${word}':*`;
// What words become by leaving a letter out stands in the same index, marked.
const near = (word: string) => `'~${word}'`;

// The distance at which PostgreSQL no longer takes two words for neighbours.
const FIELD_GAP = 100;
const POSITION_MAX = 16_383;

/** A tsvector with the words of a product and those one letter short of them. */
export function toVector(document: SearchDocument): string {
  const lexemes: string[] = [];
  let position = 0;
  const add = (words: readonly string[], weight: "A" | "B" | "D") => {
    for (const word of words) {
      position = Math.min(position + 1, POSITION_MAX);
      const at = `:${position}${weight}`;
      lexemes.push(exact(word) + at, ...nearWords(word).map((it) => near(it) + at));
    }
    position += FIELD_GAP;
  };
  add(document.name, "A");
  add(document.details, "B");
  add(document.description, "D");
  return lexemes.join(" ");
}

function alternatives(forms: readonly string[], allowTypos: boolean): string {
  const shorter = allowTypos ? forms.flatMap(nearWords) : [];
  const found = [
    ...forms.map(prefix),
    ...shorter.map(exact),
    ...shorter.map(near),
    ...(allowTypos ? forms.map(near) : []),
  ];
  return `(${found.join(" | ")})`;
}

/** A tsquery for the products that match. */
export function toQuery({ terms, allowTypos }: SearchTerms): string {
  return terms.map((forms) => alternatives(forms, allowTypos)).join(" & ");
}

/** A tsquery for the whole words, which make a match better. */
export function toWholeWordsQuery({ terms }: SearchTerms): string {
  return terms.flat().map(exact).join(" | ");
}
