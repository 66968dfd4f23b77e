import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import { loadDemoCatalogue } from "./load.ts";
import { createShop, demoIds, shelves, TOKEN } from "./testing.ts";

const log = { info: vi.fn() };

const load = (shop: ReturnType<typeof createShop>, signal = new AbortController().signal) => {
  const onProgress = vi.fn<(done: number, total: number) => void>();
  return {
    onProgress,
    result: loadDemoCatalogue({ clients: shop.clients, token: TOKEN, log, signal, shelves, onProgress }),
  };
};

test("fills an empty shop, a bit of everything first, and adds nothing the second time", async () => {
  const shop = createShop();
  const { onProgress, result } = load(shop);
  expect(await result).toBe(demoIds.length);
  expect([...shop.products.keys()].sort()).toEqual([...demoIds].sort());
  expect([...shop.categories.values()].map(({ categoryId, position }) => [categoryId, position]).sort()).toEqual(
    shelves.map(({ id }, position) => [id, position]).sort(),
  );
  expect(shop.images.size).toBe(demoIds.length + shelves.length);
  expect(onProgress.mock.calls).toEqual(demoIds.map((_, index) => [index + 1, demoIds.length]));
  // Not the third of any category before the first of every one.
  const firstPage = [...shop.products.values()].slice(0, 2 * shelves.length).map(({ categoryId }) => categoryId);
  expect(new Set(firstPage).size).toBe(shelves.length);

  const before = { ...shop.calls };
  expect(await load(shop).result).toBe(0);
  expect(shop.calls).toEqual(before);
});

test("goes on where it was stopped", async () => {
  const stop = new AbortController();
  const shop = createShop({ beforeCreate: () => shop.products.size === 4 && stop.abort(new Error("stopped")) });
  await expect(load(shop, stop.signal).result).rejects.toThrow("stopped");
  const there = shop.products.size;
  expect(there).toBeLessThan(demoIds.length);

  expect(await load(shop).result).toBe(demoIds.length - there);
  expect(shop.products.size).toBe(demoIds.length);
  expect(shop.categories.size).toBe(shelves.length);
  expect(shop.calls.createCategory).toBe(shelves.length);
});

test("adds only what is missing and leaves what is there alone", async () => {
  const shop = createShop();
  await load(shop).result;
  const [missing = "", kept = ""] = demoIds;
  shop.products.delete(missing);
  const keptProduct = shop.products.get(kept);
  const uploads = shop.calls.upload;
  const { onProgress, result } = load(shop);
  expect(await result).toBe(1);
  expect(onProgress.mock.calls).toEqual([[1, 1]]);
  expect(shop.calls.upload).toBe(uploads + 1);
  expect(shop.products.get(kept)).toBe(keptProduct);
});

test("a product that somebody else adds meanwhile is skipped", async () => {
  const [first = ""] = demoIds;
  const shop = createShop({
    beforeCreate: (id) => id === first && shop.products.set(id, create(ProductSchema, { productId: id })),
  });
  await load(shop).result;
  expect(shop.products.size).toBe(demoIds.length);
  expect(shop.products.get(first)?.name).toBe("");
});

test("the first call that fails ends it", async () => {
  const shop = createShop();
  const signal = new AbortController().signal;
  const refused = loadDemoCatalogue({ clients: shop.clients, token: "somebody", log, signal, shelves });
  await expect(refused).rejects.toMatchObject({ code: Code.Unauthenticated });
  expect(shop.products.size).toBe(0);
});
