import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "#kit/failure.ts";
import { isDuplicate } from "#kit/mongo/away.ts";
import { invalidField, outOfStock, productNotFound } from "./reasons.ts";
import { before, type Collections, fromNow, longOver } from "./store.mongo.collections.ts";
import type { AdjustmentDocument, EventDocument } from "./store.mongo.documents.ts";
import { POPULARITY_STEP } from "./store.mongo.indexes.ts";
import { adjusted } from "./store.mongo.pieces.ts";
import { dueFor } from "./store.mongo.sweep.ts";
import { inOrder, inTurns } from "./store.mongo.turns.ts";
import { type Adjustment, STOCK_MAX, type StockLine } from "./store.ts";

// Changes that happen once for each id, adjustments and counts of sales: the change is recorded with a moment until which
// it may be made; made, in the product's document, with a mark that keeps it from being made again; recorded as made; and
// when nothing of it can be under way any more, the mark goes. A product so carries the marks of some seconds, not of all
// times.

const RETRY_AFTER_MS = 500;
const BATCH_MAX = 500;

/** The mark of a product whose stock an adjustment has changed. */
export const adjustMark = (requestId: string) => `adjust:${requestId}`;
const saleMark = (eventId: string) => `sale:${eventId}`;

const late = () =>
  callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "The store was too slow; try again.", {
    retryAfterMs: RETRY_AFTER_MS,
  });

/** Records an adjustment; one that is pending gets its time anew. @throws Failure INVALID_INPUT if the id was for something else */
async function recordAdjustment(
  { adjustments, run, times: { workMs, clockSkewMs } }: Collections,
  { requestId, productId, delta }: Adjustment,
) {
  const isNew = { $ne: ["$state", "applied"] };
  const time = { $add: ["$$NOW", workMs + clockSkewMs] };
  const set = {
    state: { $ifNull: ["$state", "pending"] },
    until: { $cond: [isNew, fromNow(workMs), "$until"] },
    next: { $cond: [isNew, { step: "settle", time }, "$next"] },
  };
  const options = { upsert: true, returnDocument: "after" } as const;
  const filter = { _id: requestId, productId, delta };
  const record = () => run(() => adjustments.findOneAndUpdate(filter, [{ $set: set }], options));
  // The id may be taken by the same request at the same moment: then it is found by its filter the second time.
  return record().catch((error: unknown) => {
    if (!isDuplicate(error)) throw error;
    return record().catch((again: unknown) => {
      throw isDuplicate(again) ? invalidField("request_id", "was used for another adjustment") : again;
    });
  });
}

/** Adds pieces, or takes them away, once; answers the pieces on sale. */
export async function adjust(collections: Collections, adjustment: Adjustment): Promise<number> {
  const { products, adjustments, run } = collections;
  const { requestId, productId, delta } = adjustment;
  const find = () =>
    run(() => products.findOne({ _id: productId, deleted: false }, { projection: { stock: 1, marks: 1 } }));
  if ((await find()) === null) throw productNotFound(productId);
  const recorded = await recordAdjustment(collections, adjustment);
  if (recorded === null) throw late();
  const { state, until } = recorded;
  const mark = adjustMark(requestId);
  const filter = { _id: productId, deleted: false, marks: { $ne: mark }, ...before(until) };
  const inRange = { stock: { $gte: -delta, $lte: STOCK_MAX - delta } };
  const options = { returnDocument: "after", projection: { stock: 1 } } as const;
  const changed =
    state === "applied"
      ? null
      : await run(() => products.findOneAndUpdate({ ...filter, ...inRange }, adjusted(delta, mark), options));
  const product = changed ?? (await find());
  if (state === "applied" && product !== null) return product.stock;
  if (changed === null && !product?.marks.includes(mark)) {
    await run(() => adjustments.deleteOne({ _id: requestId, state: "pending", until }));
    throw whyNotAdjusted(adjustment, product?.stock);
  }
  // Whoever repeats it at this moment may have given it more time: the mark is to stay that long.
  const latest = { $set: { until: { $max: ["$until", until] } } };
  const applied = { $set: { state: "applied", next: { step: "settle", time: longOver(collections.times) } } };
  await run(() => adjustments.updateOne({ _id: requestId, productId, delta }, [latest, applied], { upsert: true }));
  return product?.stock ?? 0;
}

function whyNotAdjusted({ productId, delta }: Adjustment, stock: number | undefined): Error {
  if (stock === undefined) return productNotFound(productId);
  if (stock + delta < 0) return outOfStock(productId, stock);
  if (stock + delta > STOCK_MAX) return invalidField("delta", `the stock would exceed ${STOCK_MAX} pieces`);
  return late();
}

/** Takes the marks off products whose adjustments are long over, and forgets those that were never made; whether there may be more. */
async function settleAdjustments({ products, adjustments, run, times }: Collections): Promise<boolean> {
  const filter = dueFor("settle", times) as object;
  const due = await run(() => adjustments.find(filter, { sort: { "next.time": 1 }, limit: BATCH_MAX }).toArray());
  const settle = async ({ _id, productId, state, until }: AdjustmentDocument) => {
    const marks = adjustMark(_id);
    if (state === "pending") {
      const isMade = await run(() => products.countDocuments({ _id: productId, marks }));
      // Nobody was told that it is made, and now it cannot be any more; or the mark has the final word.
      if (isMade === 0) {
        await run(() => adjustments.deleteOne({ _id, state, until }));
        return;
      }
      const asRead = { _id, state, until };
      const { matchedCount } = await run(() => adjustments.updateOne(asRead, { $set: { state: "applied" } }));
      // Somebody repeats it just now, or was faster: without the mark it could be made again.
      if (matchedCount === 0) return;
    }
    await run(() => products.updateOne({ _id: productId }, { $pull: { marks } }));
    await run(() => adjustments.updateOne({ _id, state: "applied", until }, { $unset: { next: 1 } }));
  };
  await inTurns(due, settle);
  return due.length === BATCH_MAX;
}

/** Records an event whose sales are to be counted; one that is pending gets its time anew. */
async function recordEvent(
  { events, run, times: { workMs } }: Collections,
  eventId: string,
  productIds: readonly string[],
) {
  const isNew = { $ne: ["$state", "counted"] };
  const set = {
    productIds: { $literal: productIds },
    state: { $ifNull: ["$state", "pending"] },
    handleTime: { $ifNull: ["$handleTime", "$$NOW"] },
    until: { $cond: [isNew, fromNow(workMs), "$until"] },
  };
  const options = { upsert: true, returnDocument: "after" } as const;
  try {
    return await run(() => events.findOneAndUpdate({ _id: eventId }, [{ $set: set }], options));
  } catch (error) {
    if (isDuplicate(error)) return null; // two at the same moment
    throw error;
  }
}

/** Adds to the counts of pieces sold, once for each event; false if the event was known. */
export async function countSales(
  collections: Collections,
  eventId: string,
  lines: readonly StockLine[],
): Promise<boolean> {
  const { products, events, run } = collections;
  const sums = new Map<string, number>();
  for (const { productId, quantity } of lines) sums.set(productId, (sums.get(productId) ?? 0) + quantity);
  const productIds = [...sums.keys()];
  const record = () => recordEvent(collections, eventId, productIds);
  const recorded = (await record()) ?? (await record());
  if (recorded === null) throw late();
  const { state, until } = recorded;
  if (state === "counted") return false;
  const mark = saleMark(eventId);
  const updates = [...sums].map(([_id, quantity]) => ({
    updateOne: {
      filter: { _id, marks: { $ne: mark }, ...before(until) },
      update: {
        $inc: { soldCount: quantity, popularity: quantity * POPULARITY_STEP },
        $push: { marks: mark },
      },
    },
  }));
  await run(() => products.bulkWrite(updates, { ordered: false }));
  const left = await run(() => products.countDocuments({ _id: { $in: productIds }, marks: { $ne: mark } }));
  if (left > 0) throw late();
  const next = { step: "forget", time: longOver(collections.times) };
  const pending = { _id: eventId, state: "pending" } as const;
  const counted = await run(() => events.updateOne(pending, [{ $set: { state: "counted", next } }]));
  return counted.modifiedCount === 1;
}

/** Takes the marks of events off the products when they are long over; answers whether there may be more. */
async function forgetEvents({ products, events, run, times }: Collections): Promise<boolean> {
  const filter = dueFor("forget", times) as object;
  const due = await run(() =>
    events.find<EventDocument>(filter, { sort: { "next.time": 1 }, limit: BATCH_MAX }).toArray(),
  );
  if (due.length === 0) return false;
  const productIds = { $in: due.flatMap((it) => it.productIds) };
  const marks = { $in: due.map((it) => saleMark(it._id)) };
  await run(() => products.updateMany({ _id: productIds }, { $pull: { marks } }));
  await run(() => events.updateMany({ _id: { $in: due.map((it) => it._id) } }, { $unset: { next: 1 } }));
  return due.length === BATCH_MAX;
}

/** Does once what is due for adjustments and events; answers whether there may be more. */
export async function settleOnce(collections: Collections): Promise<boolean> {
  const more = await inOrder([settleAdjustments, forgetEvents], (it) => it(collections));
  return more.includes(true);
}
