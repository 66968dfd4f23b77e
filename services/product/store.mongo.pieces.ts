import type { AnyBulkWriteOperation, Document } from "mongodb";
import { before, type Times } from "./store.mongo.collections.ts";
import type { Hold, ProductDocument, ReservationDocument } from "./store.mongo.documents.ts";
import type { StockLine } from "./store.ts";

// How one product's document changes for one line of a reservation. Each change is one atomic update that keeps the
// product's books, and is in force at most once:
//
// - Pieces are taken only while the attempt's time is not over and no hold of this attempt is there.
// - A hold with pieces goes away only when its pieces do: back to the stock, or to the sold ones.
// - A hold that lost its pieces stays, with none, until no taking can be under way any more.

/** Orders that may hold pieces of one product at the same time: what keeps its document small enough to be written quickly. */
export const HOLDS_MAX = 5_000;

type Update = AnyBulkWriteOperation<ProductDocument>;
type Attempt = Pick<ReservationDocument, "_id" | "attempt" | "until">;

const IN_STOCK = { $set: { inStock: { $gt: ["$stock", 0] } } };
/** The holds that still mean something. */
const live = ({ clockSkewMs }: Times) => ({
  $filter: {
    input: "$holds",
    cond: {
      $or: [{ $gt: ["$$this.quantity", 0] }, { $gte: [{ $add: ["$$this.until", clockSkewMs] }, "$$NOW"] }],
    },
  },
});

const has = ({ _id, attempt }: Attempt, more: Document = {}) => ({ $elemMatch: { orderId: _id, attempt, ...more } });
const WITH_PIECES = { quantity: { $gt: 0 } };

const isOf = ({ _id, attempt }: Attempt, hold: string) => ({
  $and: [{ $eq: [`${hold}.orderId`, _id] }, { $eq: [`${hold}.attempt`, attempt] }],
});

const holdOf = ({ _id, attempt, until }: Attempt, quantity: number): Hold => ({
  orderId: _id,
  attempt,
  quantity,
  until,
});

/** The holds, the attempt's one without its pieces. */
const emptied = (attempt: Attempt) => ({
  $map: {
    input: "$holds",
    in: { $cond: [isOf(attempt, "$$this"), { $mergeObjects: ["$$this", { quantity: 0 }] }, "$$this"] },
  },
});

/** Takes pieces off the stock for an attempt. */
export function take(attempt: Attempt, { productId, quantity }: StockLine, times: Times): Update {
  const filter = { _id: productId, deleted: false, stock: { $gte: quantity }, holds: { $not: has(attempt) } };
  const { $expr: isInTime } = before(attempt.until);
  const hold = { $literal: holdOf(attempt, quantity) };
  const taken = { stock: { $subtract: ["$stock", quantity] }, holds: { $concatArrays: [live(times), [hold]] } };
  return {
    updateOne: {
      filter: { ...filter, $expr: { $and: [isInTime, { $lt: [{ $size: live(times) }, HOLDS_MAX] }] } },
      update: [{ $set: taken }, IN_STOCK],
    },
  };
}

/** Puts an attempt's pieces back on sale, if it has any, and sees to it that it can take none later. */
export function giveBack(attempt: Attempt, { productId, quantity }: StockLine, times: Times): Update[] {
  const bar = { $literal: holdOf(attempt, 0) };
  return [
    {
      updateOne: {
        filter: { _id: productId, holds: { $not: has(attempt) } },
        update: [{ $set: { holds: { $concatArrays: [live(times), [bar]] } } }],
      },
    },
    {
      updateOne: {
        filter: { _id: productId, holds: has(attempt, WITH_PIECES) },
        update: [{ $set: { stock: { $add: ["$stock", quantity] }, holds: emptied(attempt) } }, IN_STOCK],
      },
    },
  ];
}

/** Counts an attempt's held pieces as sold. Only when nothing can be taken for it any more: its hold is gone afterwards. */
export function sell(attempt: Attempt, { productId, quantity }: StockLine, times: Times): Update {
  const others = { $filter: { input: live(times), cond: { $not: [isOf(attempt, "$$this")] } } };
  return {
    updateOne: {
      filter: { _id: productId, holds: has(attempt, WITH_PIECES) },
      update: [{ $set: { sold: { $add: ["$sold", quantity] }, holds: others } }],
    },
  };
}

/** Puts pieces of a confirmed order back on sale, whether they are counted as sold yet or still held. */
export function takeBack(attempt: Attempt, { productId, quantity }: StockLine, mark: string): Update {
  const held = {
    $filter: { input: "$holds", cond: { $and: [isOf(attempt, "$$this"), { $gt: ["$$this.quantity", 0] }] } },
  };
  const sold = { $subtract: ["$sold", { $cond: [{ $gt: [{ $size: held }, 0] }, 0, quantity] }] };
  const stock = { $add: ["$stock", quantity] };
  return {
    updateOne: {
      filter: { _id: productId, marks: { $ne: mark }, ...before(attempt.until) },
      update: [
        { $set: { stock, sold, holds: emptied(attempt), marks: { $concatArrays: ["$marks", [mark]] } } },
        IN_STOCK,
      ],
    },
  };
}

/** For an adjustment: the stock and its sum, once. */
export const adjusted = (delta: number, mark: string): Document[] => [
  {
    $set: {
      stock: { $add: ["$stock", delta] },
      adjusted: { $add: ["$adjusted", delta] },
      marks: { $concatArrays: ["$marks", [mark]] },
    },
  },
  IN_STOCK,
];
