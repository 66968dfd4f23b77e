import { existsSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { describe, expect, test } from "vitest";
import { CategorySchema, ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import { PictureSchema } from "#gen/shop/type/v1/picture_pb.js";
import { demoShelves } from "./catalogue.ts";
import { assetPath } from "./cutout.ts";
import { toCategory, toProduct } from "./messages.ts";

const products = demoShelves.flatMap((shelf) => shelf.products);
const validator = createValidator();
const pictureOf = (alt: string) => create(PictureSchema, { imageId: "0".repeat(32), width: 800, height: 800, alt });
const sentences = (text: string) => text.split(/[.!?](?:\s|$)/).filter((part) => part.trim() !== "").length;
const repeated = (values: readonly string[]) => values.filter((value, index) => values.indexOf(value) !== index);

test("eight categories of eight products and more", () => {
  expect(demoShelves).toHaveLength(8);
  for (const shelf of demoShelves) expect(shelf.products.length, shelf.id).toBeGreaterThanOrEqual(8);
});

test.each([
  ["category ids", demoShelves.map(({ id }) => id)],
  ["product ids", products.map(({ id }) => id)],
  ["names", products.map(({ name }) => name.toLowerCase())],
  ["descriptions", products.map(({ description }) => description)],
  ["openings of descriptions", products.map(({ description }) => description.split(" ").slice(0, 4).join(" "))],
  ["objects", products.map(({ shot }) => shot.asset)],
  ["backdrops", demoShelves.map(({ backdrop }) => backdrop.wall)],
])("no two %s are the same", (_, values) => {
  expect(repeated(values)).toEqual([]);
});

test("stock runs from sold out to plenty", () => {
  const stocks = products.map(({ stock }) => stock);
  for (const scarce of [0, 1, 2, 3]) expect(stocks).toContain(scarce);
  expect(Math.max(...stocks)).toBeLessThanOrEqual(120);
  expect(stocks.filter((stock) => stock < 5).length).toBeLessThan(products.length / 8);
});

describe.each(demoShelves)("category $id", (shelf) => {
  test("keeps the contract's rules", () => {
    const { kind, error } = validator.validate(CategorySchema, toCategory(shelf, 0, pictureOf(shelf.alt)));
    expect(kind, error?.message).toBe("valid");
    expect(sentences(shelf.description)).toBe(1);
  });

  test("shows three of its own products, upright", () => {
    const upright = shelf.products.filter(({ shot }) => shot.pose === "standing").map(({ id }) => id);
    expect(repeated(shelf.showcase)).toEqual([]);
    for (const id of shelf.showcase) expect(upright).toContain(id);
  });

  test.each(shelf.products)("$id keeps the contract's rules and the shop's", (product) => {
    const { kind, error } = validator.validate(ProductSchema, toProduct(product, shelf, pictureOf(product.shot.alt)));
    expect(kind, error?.message).toBe("valid");
    expect(product.id).toMatch(/^[a-z0-9][a-z0-9-]{0,63}$/);
    expect(sentences(product.description)).toBeGreaterThanOrEqual(2);
    expect(sentences(product.description)).toBeLessThanOrEqual(4);
    expect(product.attributes.length).toBeGreaterThanOrEqual(4);
    expect(product.attributes.length).toBeLessThanOrEqual(7);
    expect(repeated(product.attributes.map(([name]) => name))).toEqual([]);
    expect(Number.isInteger(product.priceCents) && product.priceCents > 0).toBe(true);
    expect(existsSync(assetPath(product.shot.asset)), product.shot.asset).toBe(true);
  });
});
