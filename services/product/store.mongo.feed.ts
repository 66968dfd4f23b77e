import type { Logger } from "pino";
import { followChanges } from "#kit/mongo/changes.ts";
import type { Mongo } from "#kit/mongo/client.ts";
import type { Collections } from "./store.mongo.collections.ts";
import type { StockFeed } from "./store.ts";

/** What the feed is made of. */
export interface MongoStockFeedOptions {
  readonly mongo: Pick<Mongo, "db" | "collection">;
  readonly collections: Collections;
  readonly log: Pick<Logger, "debug">;
}

const updated = (field: string) => ({ [`updateDescription.updatedFields.${field}`]: { $exists: true } });
const STOCK_CHANGES = [
  {
    $match: {
      $or: [updated("stock"), updated("deleted"), { operationType: { $in: ["insert", "replace", "delete"] } }],
    },
  },
  { $project: { documentKey: 1 } },
];

/** Pieces on sale as MongoDB tells of them: by a change stream, which all who watch in this process share. */
export function createMongoStockFeed({ mongo, collections, log }: MongoStockFeedOptions): StockFeed {
  const { products, run } = collections;
  return {
    async readStock(productIds) {
      const filter = { _id: { $in: [...productIds] }, deleted: false };
      const found = await run(() => products.find(filter, { projection: { stock: 1 } }).toArray());
      return new Map(found.map((it) => [it._id, it.stock]));
    },
    onStockChange: (onChange) =>
      followChanges({
        mongo,
        collection: "products",
        pipeline: STOCK_CHANGES,
        onChange: (id) => onChange([id]),
        onLoss: () => onChange(undefined),
        log,
      }),
  };
}
