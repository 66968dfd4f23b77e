import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameKey, slugOf, wordsOf } from "./search.ts";

const WORD = /^[\p{L}\p{N}\ufffd]{1,40}$/u;

describe("words", () => {
  it.each([
    ["Café-Crème, 2× cups", ["cafe", "creme", "2", "cups"]],
    ["Chef's ŒUVRE", ["chefs", "oeuvre"]],
    ["Łódź Straße", ["lodz", "strasse"]],
    ["... !?", []],
  ])("of %j", (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it("are letters and digits, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(wordsOf(text).filter((it) => !WORD.test(it))).toEqual([]);
      }),
    );
  });
});

it.each([
  ["Café crème, 2 cups", "cafe-creme-2-cups"],
  ["日本", "product"],
  ["- -", "product"],
  ["x".repeat(120), "x".repeat(40)],
])("%j gets the id %j", (name, slug) => {
  expect(slugOf(name)).toBe(slug);
});

it("makes ids that keep to the contract, and names to sort by that a page token can hold", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 120 }), (name) => {
      expect(slugOf(name)).toMatch(/^[a-z0-9][a-z0-9-]{0,59}$/);
      expect(nameKey(name).length).toBeLessThanOrEqual(120);
    }),
  );
});
