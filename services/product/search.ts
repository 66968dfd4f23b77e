/** The words of a product, by where they stand: a name counts more than details, details more than the description. */
export interface SearchDocument {
  readonly name: readonly string[];
  /** Category and attributes. */
  readonly details: readonly string[];
  readonly description: readonly string[];
}

/**
 * What to look for: a product matches when it has, for each term, a word that begins with it, one of its singulars or,
 * where typos are allowed, a word (or a word's singular) that is one slip away from one of these.
 */
export interface SearchTerms {
  readonly terms: readonly string[];
  readonly allowTypos: boolean;
}

const WORD_MAX_LENGTH = 40;
const TERMS_MAX = 10;
const NAME_KEY_MAX_LENGTH = 120;
const SLUG_MAX_LENGTH = 60;

// Letters that Unicode does not take apart into a base and an accent.
const LETTERS: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  ł: "l",
  ı: "i",
  þ: "th",
};
// Said in a query, but no reason to leave a product out.
const STOP_WORDS = new Set("a an and are at by for from in is of on or the to with".split(" "));

/** Lower case without accents. */
function fold(text: string): string {
  const plain = text.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "");
  return plain.replace(/[ßæœøđðłıþ]/g, (it) => LETTERS[it] ?? it);
}

/** The words of a text, folded: letters and digits only. */
export function wordsOf(text: string): string[] {
  const words =
    fold(text)
      .replace(/['’]/g, "")
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((it) => it.slice(0, WORD_MAX_LENGTH).toWellFormed());
}

/** What sorting by name goes by. */
export function nameKey(name: string): string {
  return wordsOf(name).join(" ").slice(0, NAME_KEY_MAX_LENGTH).toWellFormed();
}

/** A readable id from a name: "Café crème, 2 cups" → "cafe-creme-2-cups". */
export function slugOf(name: string): string {
  const slug = wordsOf(name)
    .join("-")
    .replace(/[^a-z0-9-]/g, "")
    .replace(/-+/g, "-");
  return slug.slice(0, SLUG_MAX_LENGTH).replace(/^-|-$/g, "") || "product";
}

/** The words a product is found by. */
export function searchDocument(
  product: { name: string; description: string; attributes: readonly { name: string; value: string }[] },
  categoryName: string,
): SearchDocument {
  return {
    name: wordsOf(product.name),
    details: [categoryName, ...product.attributes.flatMap((it) => [it.name, it.value])].flatMap(wordsOf),
    description: wordsOf(product.description),
  };
}

/** The singulars that an English word may be the plural of; a wrong one seldom finds anything. */
export function singularsOf(word: string): string[] {
  if (word.length < 4 || !word.endsWith("s") || /(ss|us|is)$/.test(word)) return [];
  const stem = word.slice(0, -1);
  if (word.endsWith("ies")) return [stem, `${word.slice(0, -3)}y`];
  if (word.endsWith("ves")) return [stem, `${word.slice(0, -3)}f`, `${word.slice(0, -3)}fe`];
  return word.endsWith("es") ? [stem, word.slice(0, -2)] : [stem];
}

/** A word and what it may be the plural of. */
export const formsOf = (word: string): string[] => [word, ...singularsOf(word)];

/** What a query looks for; no terms when there is no word in it. */
export function searchTerms(query: string, allowTypos: boolean): SearchTerms {
  const words = [...new Set(wordsOf(query))];
  const telling = words.filter((it) => !STOP_WORDS.has(it));
  const terms = (telling.length > 0 ? telling : words).slice(0, TERMS_MAX);
  return { terms, allowTypos };
}
