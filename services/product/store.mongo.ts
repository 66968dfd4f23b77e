import { createHash } from "node:crypto";
import type { Logger } from "pino";
import { isDuplicate } from "#kit/mongo/away.ts";
import type { Mongo } from "#kit/mongo/client.ts";
import { toSearchFields, toWords } from "./search.mongo.ts";
import { nameKey, type SearchDocument } from "./search.ts";
import { ANYWHERE, type Collections, collectionsOf, type Times } from "./store.mongo.collections.ts";
import { type CategoryDocument, PRODUCT_FIELDS, type ProductRecord, toProduct } from "./store.mongo.documents.ts";
import { createMongoStockFeed } from "./store.mongo.feed.ts";
import { POPULARITY_STEP } from "./store.mongo.indexes.ts";
import { listProducts } from "./store.mongo.list.ts";
import { createMongoStock } from "./store.mongo.stock.ts";
import type { CatalogueStore, Category, ProductContent, ProductStore } from "./store.ts";

/** Products that sold equally well stand mixed and not by the alphabet: the low bits are a hash of the id. */
export const chanceOf = (productId: string) =>
  createHash("sha256").update(productId).digest().readUInt32BE() % POPULARITY_STEP;

function toCategory({ _id, name, description, picture, position }: CategoryDocument): Category {
  return { categoryId: _id, name, description, picture, position };
}

/** What of a document an administrator decides, and what follows from it. */
export function contentOf(it: ProductContent & { etag: string }, search: SearchDocument) {
  const { name, description, categoryId, pictures, attributes, etag } = it;
  const price = { currencyCode: it.price.currencyCode, price: it.price.minorUnits };
  const texts = { name, nameKey: nameKey(name), description, categoryId };
  return { ...texts, ...price, pictures, attributes, etag, search: toSearchFields(search) };
}

/** Keeps words that the shop has not known, so that they are found when they are mistyped. */
export async function rememberWords({ words, run }: Collections, all: readonly string[]): Promise<void> {
  const ids = { _id: { $in: [...all] } };
  const known = await run(() => words.find(ids, { projection: { _id: 1 } }).toArray());
  const missing = new Set(all).difference(new Set(known.map((it) => it._id)));
  if (missing.size === 0) return;
  await run(() => words.insertMany(toWords([...missing]), { ordered: false })).catch((error: unknown) => {
    if (!isDuplicate(error)) throw error; // another product brought it at the same moment
  });
}

function createMongoCatalogue(collections: Collections): CatalogueStore {
  const { products, categories, run, read } = collections;
  return {
    async insertCategory({ categoryId, name, description, picture, position }) {
      const document = { _id: categoryId, name, description, position, ...(picture && { picture }) };
      try {
        await run(() => categories.insertOne(document));
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },

    async findCategory(categoryId) {
      const found = await read(() => categories.findOne({ _id: categoryId }, ANYWHERE));
      return found === null ? undefined : toCategory(found);
    },

    async listCategories() {
      const [all, counts] = await Promise.all([
        read(() => categories.find({}, { ...ANYWHERE, sort: { position: 1, _id: 1 } }).toArray()),
        read(() =>
          products
            .aggregate<{ _id: string; count: number }>(
              [{ $match: { deleted: false } }, { $group: { _id: "$categoryId", count: { $sum: 1 } } }],
              { ...ANYWHERE, hint: "category_price" },
            )
            .toArray(),
        ),
      ]);
      const countOf = new Map(counts.map((it) => [it._id, it.count]));
      return all.map((it) => ({ ...toCategory(it), productCount: countOf.get(it._id) ?? 0 }));
    },

    async insert(product, search) {
      const { productId, stock } = product;
      const now = new Date();
      const books = { stock, inStock: stock > 0, holds: [], sold: 0, initialStock: stock, adjusted: 0, marks: [] };
      const document = {
        _id: productId,
        ...contentOf(product, search),
        ...{ deleted: false, createTime: now, updateTime: now },
        ...books,
        ...{ soldCount: 0, popularity: chanceOf(productId) },
      };
      await rememberWords(collections, document.search.words);
      try {
        await run(() => products.insertOne(document));
      } catch (error) {
        if (isDuplicate(error)) return undefined;
        throw error;
      }
      const stored = await run(() =>
        products.findOne<ProductRecord>({ _id: productId }, { projection: PRODUCT_FIELDS }),
      );
      return stored === null ? undefined : toProduct(stored);
    },

    async find(productIds) {
      if (productIds.length === 0) return [];
      const filter = { _id: { $in: [...productIds] }, deleted: false };
      const options = { ...ANYWHERE, projection: PRODUCT_FIELDS };
      const found = await read(() => products.find(filter, options).project<ProductRecord>(PRODUCT_FIELDS).toArray());
      return found.map(toProduct);
    },

    async replace(productId, content, search, ifEtag) {
      const set = contentOf(content, search);
      await rememberWords(collections, set.search.words);
      const found = await run(() =>
        products.findOneAndUpdate(
          { _id: productId, deleted: false, etag: ifEtag },
          { $set: set, $currentDate: { updateTime: true } },
          { returnDocument: "after", projection: PRODUCT_FIELDS },
        ),
      );
      return found === null ? undefined : toProduct(found);
    },

    async remove(productId, ifEtag) {
      const filter = { _id: productId, deleted: false, ...(ifEtag !== undefined && { etag: ifEtag }) };
      const update = { $set: { deleted: true }, $currentDate: { deleteTime: true as const } };
      const { matchedCount } = await run(() => products.updateOne(filter, update));
      if (matchedCount === 1) return "deleted";
      const found = await run(() => products.findOne({ _id: productId }, { projection: { deleted: 1 } }));
      if (found === null) return "not found";
      return found.deleted ? "deleted" : "etag mismatch";
    },

    list: (query) => listProducts(collections, query),
  };
}

/** What the store is made of. */
export interface MongoStoreOptions {
  readonly mongo: Pick<Mongo, "db" | "collection" | "run" | "read">;
  readonly log: Pick<Logger, "debug">;
  /** Left out: as a shop needs them. */
  readonly times?: Times;
}

/** The shop's catalogue and stock in MongoDB. */
export function createMongoStore({ mongo, log, times }: MongoStoreOptions): ProductStore {
  const collections = collectionsOf(mongo, times);
  const feed = createMongoStockFeed({ mongo, collections, log });
  return { ...createMongoCatalogue(collections), ...createMongoStock(collections), ...feed };
}
