import { RE2JS } from "@bufbuild/re2";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPatternMatch } from "./pattern.ts";

// As contracts have them, and some that only RE2 matches in a time that no input can stretch.
const PATTERNS = [
  "^([a-z0-9][a-z0-9-]{0,5})?$",
  "^[0-9]{2,4}$",
  "^[A-Z]{3}$",
  "^[A-Za-z0-9][A-Za-z0-9 -]{1,4}$",
  "^[^a-c]{0,3}$",
  "^ab?c$",
  "a|b",
  "(a|a)*$",
  "^(a{0,3}){2}$",
  "^[a-z]+b*$",
  "[[:digit:]]",
  "\\.",
];

describe("a contract's pattern", () => {
  it.each(PATTERNS)("%s matches what RE2 matches", (pattern) => {
    const matches = createPatternMatch();
    const re2 = RE2JS.compile(pattern);
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(..."abcxyzABZ0189- .\n^{"), maxLength: 7 }),
      fc.string({ unit: "binary" }),
    );
    fc.assert(fc.property(text, (it) => matches(pattern, it) === re2.test(it)));
  });

  it("that no backtracking may stretch takes no time", () => {
    const matches = createPatternMatch();
    expect(matches("^(a+)+$", `${"a".repeat(100_000)}!`)).toBe(false);
    expect(matches("^[a-z]{0,63}[a-z]{0,63}[a-z]{0,63}[a-z]{0,63}[a-z]{0,63}$", `${"a".repeat(300)}!`)).toBe(false);
  });

  it("is an error when it is not one of RE2's", () => {
    expect(() => createPatternMatch()("^(?=a)$", "a")).toThrow();
  });
});
