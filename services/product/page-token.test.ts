import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failure } from "#kit/failure.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";

const SCOPE = ["lamp", { inStockOnly: true }, "popular"];
const END = { key: 12, productId: "walnut-desk-lamp", allowTypos: true };
const forged = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString("base64url");

describe("a page token", () => {
  it("says where the page ended", () => {
    expect(decodePageToken(SCOPE, "popular", encodePageToken(SCOPE, END))).toEqual(END);
  });

  it("fits into what the contract allows, even for the longest name", () => {
    const longest = { key: "語".repeat(120), productId: "x".repeat(64), allowTypos: true };
    const token = encodePageToken(SCOPE, longest);
    expect(token.length).toBeLessThanOrEqual(1000);
    expect(decodePageToken(SCOPE, "name", token)).toEqual(longest);
  });

  it.each([
    ["another list's", encodePageToken(["cup"], END)],
    ["changed", encodePageToken(SCOPE, END).replace(/^.{8}/, "WyJBQUFB")],
    ["a text for a number", encodePageToken(SCOPE, { ...END, key: "12" })],
    ["a number that is too large", encodePageToken(SCOPE, { ...END, key: 1e16 })],
    ["a bad id", encodePageToken(SCOPE, { ...END, productId: "'; DROP" })],
    ["an object", forged({ key: 1 })],
    ["not base64", "?"],
  ])("that is %s is refused", (_, token) => {
    expect(() => decodePageToken(SCOPE, "popular", token)).toThrow(Failure);
  });

  it("that is anything else is refused, and nothing worse", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.anything(), (text, value) => {
        expect(() => decodePageToken(SCOPE, "name", text)).toThrow(Failure);
        fc.pre(JSON.stringify(value) !== undefined);
        expect(() => decodePageToken(SCOPE, "name", forged(value))).toThrow(Failure);
      }),
    );
  });
});
