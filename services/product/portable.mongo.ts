import type { Json } from "#kit/portable/canonical.ts";
import { BATCH_RECORDS, type Collection, type Entry } from "#kit/portable/collection.ts";
import { type Committed, createCommitted, keepBooks } from "./portable.mongo.books.ts";
import {
  fromAdjustment,
  fromCategory,
  fromCountedEvent,
  fromProduct,
  fromReservation,
  toAdjustment,
  toCategory,
  toCountedEvent,
  toProduct,
  toReservation,
} from "./portable.mongo.documents.ts";
import {
  COLLECTIONS,
  countedExpireMs,
  type PortableAdjustment,
  type PortableCategory,
  type PortableCountedEvent,
  type PortableProduct,
  type PortableReservation,
} from "./portable.records.ts";
import type { Collections } from "./store.mongo.collections.ts";
import type {
  AdjustmentDocument,
  CategoryDocument,
  EventDocument,
  ProductDocument,
  ReservationDocument,
} from "./store.mongo.documents.ts";
import { adjustMark } from "./store.mongo.once.ts";
import { rememberWords } from "./store.mongo.ts";

/** A document as far as every one is the same. */
interface Identified {
  readonly _id: string;
}

/** How finds are made: at one moment, where others write meanwhile. */
type ReadOptions = object;

/** How a kind of record is read from MongoDB and written to it. */
interface Kind<Document extends Identified, Record> {
  readonly name: string;
  readonly of: {
    find(filter: object, options: object): { toArray(): Promise<Document[]> };
    countDocuments(filter: object, options: object): Promise<number>;
    bulkWrite(updates: never[], options: object): Promise<unknown>;
    deleteMany(filter: object): Promise<unknown>;
  };
  /** Those that stand for no record are left out. */
  readonly toRecords: (documents: readonly Document[]) => Promise<readonly (readonly [string, Record])[]>;
  readonly toUpdates: (records: readonly Record[]) => Promise<readonly object[]>;
  readonly finish?: () => Promise<void>;
  readonly onChange?: () => void;
  readonly expireMs?: (value: Json) => number;
}

/** Puts a document in the place of the one with its id. */
const replacement = <D extends Identified>(document: D) => ({
  replaceOne: { filter: { _id: document._id }, replacement: document, upsert: true },
});

function mongoCollection<D extends Identified, R>(
  { run }: Collections,
  reading: ReadOptions,
  kind: Kind<D, R>,
): Collection {
  const { of, finish, expireMs } = kind;
  const entriesOf = async (documents: readonly D[]): Promise<Entry[]> =>
    (await kind.toRecords(documents)).map(([key, value]) => ({ key, value: value as unknown as Json }));
  return {
    name: kind.name,
    version: 1,
    count: () => run(() => of.countDocuments({}, reading)),
    async *read() {
      let after: string | undefined;
      for (;;) {
        const filter = after === undefined ? {} : { _id: { $gt: after } };
        const options = { ...reading, sort: { _id: 1 }, limit: BATCH_RECORDS };
        const documents = await run(() => of.find(filter, options).toArray());
        const entries = await entriesOf(documents);
        if (entries.length > 0) yield entries;
        if (documents.length < BATCH_RECORDS) return;
        after = documents.at(-1)?._id;
      }
    },
    async get(keys) {
      return entriesOf(await run(() => of.find({ _id: { $in: keys } }, reading).toArray()));
    },
    async put(entries) {
      kind.onChange?.();
      const updates = await kind.toUpdates(entries.map((it) => it.value as unknown as R));
      if (updates.length > 0) await run(() => of.bulkWrite(updates as never[], { ordered: false }));
    },
    async remove(keys) {
      kind.onChange?.();
      await run(() => of.deleteMany({ _id: { $in: keys } }));
    },
    ...(finish !== undefined && { finish }),
    ...(expireMs !== undefined && { expireMs }),
  };
}

function productCollection(collections: Collections, reading: ReadOptions, committed: Committed): Collection {
  const { products, categories, run } = collections;
  return mongoCollection<ProductDocument, PortableProduct>(collections, reading, {
    name: COLLECTIONS.products,
    of: products,
    async toRecords(documents) {
      const pieces = await committed.pieces();
      return documents.map((it) => [it._id, toProduct(it, pieces.get(it._id) ?? 0)] as const);
    },
    async toUpdates(records) {
      const ids = [...new Set(records.map((it) => it.categoryId))];
      const found = await run(() => categories.find({ _id: { $in: ids } }).toArray());
      const names = new Map(found.map((it) => [it._id, it.name]));
      const documents = records.map((it) => [it, fromProduct(it, names.get(it.categoryId) ?? "")] as const);
      await rememberWords(collections, [...new Set(documents.flatMap(([, it]) => it.search.words))]);
      return documents.map(([{ productId, deleteTime }, set]) => ({
        updateOne: {
          filter: { _id: productId },
          update: {
            $set: { ...set, ...(deleteTime !== null && { deleteTime: new Date(deleteTime) }) },
            ...(deleteTime === null && { $unset: { deleteTime: 1 } }),
            // They follow from the reservations, which come later.
            $setOnInsert: { holds: [], sold: 0, initialStock: set.stock, adjusted: 0, marks: [] },
          },
          upsert: true,
        },
      }));
    },
  });
}

function adjustmentCollection(collections: Collections, reading: ReadOptions): Collection {
  const { adjustments, products, run } = collections;
  return mongoCollection<AdjustmentDocument, PortableAdjustment>(collections, reading, {
    name: COLLECTIONS.adjustments,
    of: adjustments,
    async toRecords(documents) {
      // Of one that was not finished the product itself knows whether it was made.
      const marks = documents.filter((it) => it.state === "pending").map((it) => adjustMark(it._id));
      const marked =
        marks.length === 0 ? [] : await run(() => products.find({ marks: { $in: marks } }, reading).toArray());
      const made = new Set(marked.flatMap((it) => it.marks));
      return documents
        .filter((it) => it.state === "applied" || made.has(adjustMark(it._id)))
        .map((it) => [it._id, toAdjustment(it)] as const);
    },
    toUpdates: async (records) => records.map((it) => replacement(fromAdjustment(it))),
    // The last of those that the books are made from.
    finish: () => keepBooks(collections),
  });
}

/**
 * What product keeps in MongoDB. Pieces that are on their way between stock, holds and sold ones, by somebody who did not
 * finish, count for what the reservations say, which have the final word.
 */
export function mongoCollections(collections: Collections, reading: ReadOptions): readonly Collection[] {
  const { categories, reservations, events } = collections;
  const committed = createCommitted(collections, reading);
  return [
    mongoCollection<CategoryDocument, PortableCategory>(collections, reading, {
      name: COLLECTIONS.categories,
      of: categories,
      toRecords: async (documents) => documents.map((it) => [it._id, toCategory(it)] as const),
      toUpdates: async (records) => records.map((it) => replacement(fromCategory(it))),
    }),
    productCollection(collections, reading, committed),
    mongoCollection<ReservationDocument, PortableReservation>(collections, reading, {
      name: COLLECTIONS.reservations,
      of: reservations,
      toRecords: async (documents) =>
        documents.flatMap((it) => {
          const record = toReservation(it);
          return record === undefined ? [] : [[it._id, record] as const];
        }),
      toUpdates: async (records) => records.map((it) => replacement(fromReservation(it))),
      onChange: () => committed.forget(),
    }),
    adjustmentCollection(collections, reading),
    mongoCollection<EventDocument, PortableCountedEvent>(collections, reading, {
      name: COLLECTIONS.countedEvents,
      of: events,
      // What is only begun is counted when the event comes again.
      toRecords: async (documents) =>
        documents.filter((it) => it.state === "counted").map((it) => [it._id, toCountedEvent(it)] as const),
      toUpdates: async (records) => records.map((it) => replacement(fromCountedEvent(it))),
      expireMs: countedExpireMs,
    }),
  ];
}
