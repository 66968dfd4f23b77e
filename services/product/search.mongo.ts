import { formsOf, type SearchDocument, singularsOf } from "./search.ts";
import { blanksOf, slipsOf } from "./slips.ts";
import type { SearchFields, WordDocument } from "./store.mongo.documents.ts";

/** A term of a query with the words of the shop that it may be a slip of. */
export interface MetTerm {
  readonly term: string;
  readonly near: readonly string[];
}

// What a term weighs, by where it stands: to the letter, and as a slip. Whole words weigh as much again.
const WEIGHTS = { name: 1_000, details: 300, description: 50 };
const NEAR_WEIGHTS = { name: 600, details: 200 };

const unique = (words: readonly string[]) => [...new Set(words)];
const betweenBlanks = (words: readonly string[]) => ` ${words.join(" ")} `;
const nearOf = (word: string) => unique(formsOf(word).flatMap((it) => [it, ...blanksOf(it)]));

/** What a product is found and ranked by. */
export function toSearchFields({ name, details, description }: SearchDocument): SearchFields {
  const words = unique([...name, ...details, ...description]);
  return { words, name: betweenBlanks(name), details: betweenBlanks(details) };
}

/** Words with what a mistyped one may meet them by. */
export const toWords = (words: readonly string[]): WordDocument[] => words.map((it) => ({ _id: it, near: nearOf(it) }));

/** What a mistyped term looks for among the words of the shop. */
export const slipsOfTerm = (term: string): string[] => unique(formsOf(term).flatMap((it) => [it, ...slipsOf(it)]));

/** A filter for products that have all the terms. Words are letters and digits only: nothing in them means more in a pattern. */
export function termsFilter(terms: readonly MetTerm[]): { $and: object[] } {
  const has = ({ term, near }: MetTerm) => ({
    "search.words": { $in: [new RegExp(`^${term}`), ...singularsOf(term), ...near] },
  });
  return { $and: terms.map(has) };
}

const stands = (text: string, inField: string) => ({ $gte: [{ $indexOfBytes: [inField, text] }, 0] });
const anyStands = (words: readonly string[], inField: string) => ({
  $or: words.map((it) => stands(` ${it} `, inField)),
});

/** The highest of the weights whose condition holds. */
const highest = (...weights: readonly (readonly [condition: object, weight: number])[]) => ({
  $max: weights.map(([condition, weight]) => ({ $cond: [condition, weight, 0] })),
});

function weightOf({ term, near }: MetTerm): object {
  const best = highest(
    [stands(` ${term}`, "$search.name"), WEIGHTS.name],
    [anyStands(singularsOf(term), "$search.name"), WEIGHTS.name],
    [anyStands(near, "$search.name"), NEAR_WEIGHTS.name],
    [stands(` ${term}`, "$search.details"), WEIGHTS.details],
    [anyStands(singularsOf(term), "$search.details"), WEIGHTS.details],
    [anyStands(near, "$search.details"), NEAR_WEIGHTS.details],
    [{ $literal: true }, WEIGHTS.description],
  );
  const whole = highest(
    [anyStands(formsOf(term), "$search.name"), WEIGHTS.name],
    [anyStands(formsOf(term), "$search.details"), WEIGHTS.details],
  );
  return { $add: [best, whole] };
}

/**
 * An expression for how well a product matches: a whole number, so that a page token holds the exact value. It depends on
 * product and query alone, never on other products.
 */
export const scoreOf = (terms: readonly MetTerm[]): object => ({ $add: terms.map(weightOf) });
