import type { Document, Filter } from "mongodb";
import type { Collections, Times } from "./store.mongo.collections.ts";
import type { ReservationDocument } from "./store.mongo.documents.ts";
import { sell } from "./store.mongo.pieces.ts";
import { lapse, resumeGiveBack, returnMark } from "./store.mongo.reservations.ts";
import { inOrder, inTurns } from "./store.mongo.turns.ts";

// What is done for reservations when its time has come, by any replica, and by several at once without harm.

/** Reservations that are read, and whose products are written, at a time. */
const BATCH_MAX = 500;
/** Holds of the products of one order that are looked at before it is refused. */
const EXPIRE_FIRST_MAX = 100;

/** What the server's clock says is due. */
const DUE = { $expr: { $lte: ["$next.time", "$$NOW"] } };

/** What is due for a step: by an index as far as this process' clock knows, then exactly. */
export const dueFor = (step: string, { clockSkewMs }: Times): Filter<Document> => ({
  "next.step": step,
  "next.time": { $lte: new Date(Date.now() + clockSkewMs) },
  ...DUE,
});

async function due(
  { reservations, run, times }: Collections,
  step: string,
  limit: number,
  more: Filter<Document> = {},
) {
  const filter = { ...dueFor(step, times), ...more } as Filter<ReservationDocument>;
  return run(() => reservations.find(filter, { sort: { "next.time": 1 }, limit }).toArray());
}

/** Ends holds that are over; answers how many those were. */
async function expireAll(collections: Collections, holds: readonly ReservationDocument[]): Promise<number> {
  const ended = await inTurns(holds, (it) => lapse(collections, it, DUE));
  return ended.filter((it) => it !== undefined).length;
}

/** Ends at most `limit` holds that are over; answers how many those were. */
export async function expireHolds(collections: Collections, limit: number): Promise<number> {
  return expireAll(collections, await due(collections, "expire", limit));
}

/** Ends holds of these products that are over; answers how many those were. */
export async function expireHoldsOf(collections: Collections, productIds: readonly string[]): Promise<number> {
  const { products, run } = collections;
  const held = await run(() =>
    products.distinct("holds.orderId", { _id: { $in: [...productIds] }, "holds.quantity": { $gt: 0 } }),
  );
  return expireAll(collections, await due(collections, "expire", EXPIRE_FIRST_MAX, { _id: { $in: held } }));
}

/** Counts the pieces of confirmed orders as sold; answers how many orders those were. */
async function sellDue(collections: Collections): Promise<number> {
  const { products, reservations, run } = collections;
  const sold = await due(collections, "sell", BATCH_MAX);
  if (sold.length === 0) return 0;
  const updates = sold.flatMap((it) => it.lines.map((line) => sell(it, line, collections.times)));
  await run(() => products.bulkWrite(updates, { ordered: false }));
  const done = { _id: { $in: sold.map((it) => it._id) }, state: "confirmed", "next.step": "sell" } as const;
  await run(() => reservations.updateMany(done, { $unset: { next: 1 } }));
  return sold.length;
}

/** Takes the marks of what was put back off the products; answers how many orders' those were. */
async function forgetDue(collections: Collections): Promise<number> {
  const { products, reservations, run } = collections;
  const over = await due(collections, "forget", BATCH_MAX);
  if (over.length === 0) return 0;
  const productIds = over.flatMap((it) => it.lines.map((line) => line.productId));
  const marks = over.map((it) => returnMark(it._id));
  await run(() => products.updateMany({ _id: { $in: productIds } }, { $pull: { marks: { $in: marks } } }));
  const done = { _id: { $in: over.map((it) => it._id) }, "next.step": "forget" } as const;
  await run(() => reservations.updateMany(done, { $unset: { next: 1 } }));
  return over.length;
}

/** Ends attempts that nobody finished; answers how many those were. */
async function abandonDue(collections: Collections): Promise<number> {
  const abandoned = await due(collections, "abandon", BATCH_MAX);
  await inTurns(abandoned, (it) => lapse(collections, it, DUE));
  return abandoned.length;
}

/** Goes on with putting back what somebody left; answers how many those were. */
async function giveBackDue(collections: Collections): Promise<number> {
  const owing = await due(collections, "give_back", BATCH_MAX);
  await inTurns(owing, (it) => resumeGiveBack(collections, it));
  return owing.length;
}

const JOBS = [abandonDue, giveBackDue, sellDue, forgetDue];

/**
 * Does once what is due for reservations, holds that are over aside; answers whether there may be more.
 * @throws when all was tried, what the first that failed threw
 */
export async function settleReservations(collections: Collections): Promise<boolean> {
  const counts = await inOrder(JOBS, (it) => it(collections));
  return counts.some((it) => it >= BATCH_MAX);
}
