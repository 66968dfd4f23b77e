import fc from "fast-check";
import { expect, test } from "vitest";
import { ProductOrder } from "#gen/shop/product/v1/product_service_pb.js";
import { catalogueSearch, listRequest, parseSearch, safeRedirect, stringifySearch } from "./search-params.ts";

test.each([
  ["?q=lamp", { q: "lamp" }],
  ["?q=42&category=desk-lamps", { q: "42", category: "desk-lamps" }],
  ["?q=%20%20&category=../etc&order=random&stock=yes", {}],
  ["?min=10&max=50&stock=1&order=price-up&page=abc", { min: 10, max: 50, stock: 1, order: "price-up", page: "abc" }],
  ["?min=50&max=10", { min: 50 }],
  ["?min=-1&max=1e9", {}],
  ["?order=constructor", {}],
])("the address %s means %j", (address, search) => {
  expect(catalogueSearch(parseSearch(address))).toEqual(search);
});

test("a search survives the way through the address", () => {
  const search = fc.record(
    {
      q: fc.string({ minLength: 1, maxLength: 100 }).filter((q) => q.trim() !== ""),
      category: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,63}$/),
      min: fc.integer({ min: 1, max: 100 }),
      max: fc.integer({ min: 100, max: 1_000_000 }),
      stock: fc.constant(1 as const),
      order: fc.constantFrom("popular", "newest", "price-up", "price-down", "name"),
      page: fc.string({ minLength: 1, maxLength: 200 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(search, (given) => {
      expect(catalogueSearch(parseSearch(stringifySearch(given)))).toEqual(given);
    }),
  );
});

test("prices in the address are whole euros, in the call they are cents", () => {
  expect(listRequest({ min: 10, max: 50, order: "price-down" })).toMatchObject({
    minPriceMinorUnits: 1000n,
    maxPriceMinorUnits: 5000n,
    orderBy: ProductOrder.PRICE_DESCENDING,
  });
});

test.each([
  ["/checkout", "/checkout"],
  ["/products?q=lamp#top", "/products?q=lamp#top"],
  ["https://evil.example", undefined],
  ["//evil.example", undefined],
  ["/\\evil.example", undefined],
  ["/\t/evil.example", undefined],
  ["javascript:alert(1)", undefined],
  [undefined, undefined],
])("after signing in, %s leads to %s", (raw, path) => {
  expect(safeRedirect(raw)).toBe(path);
});
