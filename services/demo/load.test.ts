import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport, type HandlerContext } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { type Category, CategorySchema, type Product, ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { demoShelves } from "./catalogue.ts";
import { loadDemoCatalogue } from "./load.ts";

const TOKEN = "an-administrators-token";
/** A small catalogue, since every picture takes its time: three categories of three. */
const shelves = demoShelves.slice(0, 3).map((shelf) => ({
  ...shelf,
  products: shelf.products.filter(({ id }) => shelf.showcase.includes(id)),
}));
const demoIds = shelves.flatMap((shelf) => shelf.products.map(({ id }) => id));
const log = { info: vi.fn() };

/** A product and an image service in memory, counting what they are asked for. */
function createShop(hooks: { beforeCreate?: (productId: string) => void } = {}) {
  const products = new Map<string, Product>();
  const categories = new Map<string, Category>();
  const images = new Set<string>();
  const calls = { upload: 0, createProduct: 0, createCategory: 0 };
  const requireAdmin = (context: HandlerContext) => {
    if (context.requestHeader.get("authorization") !== `Bearer ${TOKEN}`)
      throw new ConnectError("who?", Code.Unauthenticated);
  };
  const transport = createRouterTransport((router) => {
    router.service(ProductService, {
      batchGetProducts: ({ productIds }) => ({ products: productIds.flatMap((id) => products.get(id) ?? []) }),
      listCategories: () => ({ categories: [...categories.values()] }),
      createCategory: ({ category = create(CategorySchema) }, context) => {
        requireAdmin(context);
        calls.createCategory += 1;
        if (categories.has(category.categoryId)) throw new ConnectError("category", Code.AlreadyExists);
        categories.set(category.categoryId, category);
        return { category };
      },
      createProduct: ({ product = create(ProductSchema) }, context) => {
        requireAdmin(context);
        calls.createProduct += 1;
        hooks.beforeCreate?.(product.productId);
        if (!categories.has(product.categoryId)) throw new ConnectError("category", Code.NotFound);
        if (products.has(product.productId)) throw new ConnectError("product", Code.AlreadyExists);
        products.set(product.productId, product);
        return { product };
      },
    });
    router.service(ImageService, {
      uploadImage: ({ content, alt }, context) => {
        requireAdmin(context);
        calls.upload += 1;
        const imageId = createHash("sha256").update(content).digest("hex").slice(0, 32);
        images.add(imageId);
        return { image: { picture: { imageId, width: 800, height: 800, alt } } };
      },
    });
  });
  const clients = { products: createClient(ProductService, transport), images: createClient(ImageService, transport) };
  return { clients, products, categories, images, calls };
}

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
