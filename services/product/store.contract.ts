import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCatalogue } from "./catalogue.ts";
import { listPage } from "./listing.ts";
import { feedContract } from "./store.contract.feed.ts";
import { searchContract } from "./store.contract.search.ts";
import { stockContract } from "./store.contract.stock.ts";
import type { Order, ProductContent, ProductStore } from "./store.ts";

/** What the suite needs of an adapter. */
export interface StoreUnderTest {
  readonly store: ProductStore;
  /** The books of a product, all of one moment. */
  audit(productId: string): Promise<{ stock: number; held: number; sold: number; adjusted: number }>;
  close(): Promise<void>;
}

/** A product with a name of its own, in a category of its own unless one is given. */
export async function addProduct(store: ProductStore, stock = 10, content: Partial<ProductContent> = {}) {
  const categoryId = content.categoryId ?? randomUUID();
  await store.insertCategory({ categoryId, name: "Things", description: "", picture: undefined, position: 0 });
  const price = { currencyCode: "EUR", minorUnits: 1250 };
  const picture = { imageId: "0".repeat(32), width: 4, height: 3, placeholder: "AAEC", alt: "It" };
  const full = { name: "Thing", description: "", categoryId, price, pictures: [picture], attributes: [], ...content };
  return createCatalogue(store).create(full, stock, `p-${randomUUID()}`);
}

const ORDERS: readonly Order[] = ["relevance", "popular", "newest", "price_ascending", "price_descending", "name"];

function catalogueContract(get: () => StoreUnderTest): void {
  it("keeps a category once, and counts the products on sale in it", async () => {
    const { store } = get();
    const { categoryId } = await addProduct(store);
    const gone = await addProduct(store, 1, { categoryId });
    await store.remove(gone.productId, undefined);
    const category = { categoryId, name: "Again", description: "", picture: undefined, position: 0 };
    expect(await store.insertCategory(category)).toBe(false);
    const found = (await store.listCategories()).find((it) => it.categoryId === categoryId);
    expect(found).toMatchObject({ name: "Things", productCount: 1 });
  });

  it("gives back what it was given", async () => {
    const { store } = get();
    const attributes = [
      { name: "Z", value: "first" },
      { name: "A", value: "second" },
    ];
    const product = await addProduct(store, 3, { name: "Lámp 'x' \\ \"", description: "a\nb", attributes });
    expect(product).toMatchObject({ name: "Lámp 'x' \\ \"", description: "a\nb", attributes, stock: 3, soldCount: 0 });
    expect(await store.find([product.productId, "no-such-thing"])).toEqual([product]);
  });

  it("changes a product only from the version that was read", async () => {
    const { store } = get();
    const product = await addProduct(store, 3);
    const words = { name: [], details: [], description: [] };
    const change = (name: string) =>
      store.replace(product.productId, { ...product, name, etag: name }, words, product.etag);
    const results = await Promise.all(["one", "two", "three"].map(change));
    expect(results.filter((it) => it !== undefined)).toHaveLength(1);
    expect((await store.find([product.productId]))[0]).toMatchObject({ stock: 3, createTime: product.createTime });
  });

  it("hides deleted products, and never uses their ids again", async () => {
    const { store } = get();
    const product = await addProduct(store);
    const { productId, categoryId } = product;
    expect(await store.remove(productId, "other")).toBe("etag mismatch");
    expect(await store.remove(productId, product.etag)).toBe("deleted");
    expect(await store.remove(productId, "whatever")).toBe("deleted");
    expect(await store.remove(`${productId}x`, undefined)).toBe("not found");
    expect(await store.find([productId])).toEqual([]);
    const listed = await store.list({ filter: { inStockOnly: false, categoryId }, order: "popular", limit: 10 });
    expect(listed).toEqual({ items: [], totalSize: 0 });
    const words = { name: [], details: [], description: [] };
    expect(await store.insert(product, words)).toBeUndefined();
  });

  it.each(ORDERS)("pages by %s without repeating or leaving out, while others add products", async (order) => {
    const { store } = get();
    const { categoryId } = await addProduct(store, 1, { name: "Blue thing 0" });
    const add = (index: number, names: string) =>
      addProduct(store, 1, {
        categoryId,
        name: `${names} thing ${index % 3}`,
        price: { currencyCode: "EUR", minorUnits: index % 4 },
      });
    for (let index = 1; index < 12; index++) await add(index, "Blue");
    const query = order === "relevance" ? "thing 1" : "";
    const page = (pageToken: string) =>
      listPage(store, { query, filter: { categoryId, inStockOnly: true }, order, pageSize: 3, pageToken });
    const all = await listPage(store, {
      query,
      filter: { categoryId, inStockOnly: true },
      order,
      pageSize: 100,
      pageToken: "",
    });
    const seen: string[] = [];
    let token = "";
    do {
      const { products, nextPageToken } = await page(token);
      seen.push(...products.map((it) => it.productId));
      await add(seen.length, "New");
      token = nextPageToken;
    } while (token !== "");
    const old = new Set(all.products.map((it) => it.productId));
    expect(all.totalSize).toBe(old.size);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((it) => old.has(it))).toEqual([...old]);
  });

  it("filters by price and stock", async () => {
    const { store } = get();
    const price = (minorUnits: number) => ({ price: { currencyCode: "EUR", minorUnits } });
    const { categoryId } = await addProduct(store, 0, price(100));
    for (const [stock, amount] of [
      [1, 100],
      [2, 200],
      [0, 300],
    ] as const)
      await addProduct(store, stock, { categoryId, ...price(amount) });
    const count = async (filter: object) =>
      (await store.list({ filter: { categoryId, inStockOnly: false, ...filter }, order: "name", limit: 1 })).totalSize;
    expect(await count({})).toBe(4);
    expect(await count({ inStockOnly: true })).toBe(2);
    expect(await count({ minPrice: 200 })).toBe(2);
    expect(await count({ minPrice: 100, maxPrice: 200 })).toBe(3);
    expect(await count({ maxPrice: 99 })).toBe(0);
  });
}

/** What every adapter of the store does. */
export function storeContract(open: () => Promise<StoreUnderTest>): void {
  let opened: StoreUnderTest | undefined;
  const get = () => {
    if (opened === undefined) throw new Error("The store is not open");
    return opened;
  };
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());
  describe("catalogue", () => catalogueContract(get));
  describe("search", () => searchContract(get));
  describe("stock", () => stockContract(get));
  describe("feed", () => feedContract(get));
}
