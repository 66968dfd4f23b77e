// Shorter words are a slip away from too many others; longer ones are rare.
const TYPO_MIN_LENGTH = 4;
const TYPO_MAX_LENGTH = 24;
// No word has it.
const BLANK = "_";

function typoLetters(word: string): string[] {
  const letters = [...word];
  return letters.length < TYPO_MIN_LENGTH || letters.length > TYPO_MAX_LENGTH ? [] : letters;
}

/** The word with each one of its letters blanked out: what a product's word is also known as, for `slipsOf` to meet. */
export function blanksOf(word: string): string[] {
  return typoLetters(word).map((_, index, letters) => letters.with(index, BLANK).join(""));
}

/**
 * What somebody may have meant who typed this: words, and words with a blank. A word is one slip away (a letter changed,
 * left out or added, or two neighbours swapped) exactly if it, or one of its `blanksOf`, is among them.
 */
export function slipsOf(typed: string): string[] {
  const letters = typoLetters(typed);
  const slips = letters.flatMap((letter, index) => {
    const swapped = letters.with(index, letters[index + 1] ?? letter).toSpliced(index + 1, 1, letter);
    return [letters.toSpliced(index, 1), letters.with(index, BLANK), letters.toSpliced(index, 0, BLANK), swapped];
  });
  const leftOutLast = letters.length > 0 ? [typed + BLANK] : [];
  return [...new Set([...slips.map((it) => it.join("")), ...leftOutLast])];
}
