import fc from "fast-check";
import { expect, it } from "vitest";
import { blanksOf, slipsOf } from "./slips.ts";

/** Optimal string alignment distance: letters changed, left out, added, and neighbours swapped. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i || j));
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      if (i === 0 || j === 0) continue;
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      rows[i]?.splice(j, 1, Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, change, swap));
    }
  }
  return at(a.length, b.length);
}

it("takes exactly the words that are one slip away for meant", () => {
  const word = fc.string({ unit: fc.constantFrom(..."ab𝒜"), minLength: 4, maxLength: 6 });
  fc.assert(
    fc.property(word, word, (typed, meant) => {
      const met = [meant, ...blanksOf(meant)].some((it) => [typed, ...slipsOf(typed)].includes(it));
      const apart = distance(typed.replaceAll("𝒜", "A"), meant.replaceAll("𝒜", "A"));
      expect(met).toBe(apart <= 1);
    }),
    { numRuns: 1000 },
  );
});
