import { isDuplicate } from "#kit/mongo/away.ts";
import { reservationEnded } from "./reasons.ts";
import { type Collections, fromNow, longOver } from "./store.mongo.collections.ts";
import type { NextStep, ReservationDocument, ReservationState } from "./store.mongo.documents.ts";
import { giveBack, takeBack } from "./store.mongo.pieces.ts";
import type { ReservedLine } from "./store.ts";

// An order's reservation is one document that has the final word, and a place in the document of each product that follows
// it. What is to be done is recorded first, with the moment from which anybody may do it, and each step can be repeated:
//
//                      all taken             paid
//   ── reserving ─────────────────► held ─────────► confirmed ··(sell)··► its pieces are counted as sold
//          │ something is missing    │ over              │
//          │ or nobody finished      ▼                   │
//          └────────────────────► lapsed ··(give_back)·· │ ··► its pieces are on sale again
//                                    │ the order is not to be: released, from any state ··(give_back, forget)··►
//
// A reservation that lapsed may begin a new attempt; each attempt has a hold of its own in the products, so that what is
// late of one attempt cannot touch the next. A crash between any two writes leaves the books of each product right; what is
// left to do is done by whoever sweeps next.

/** A change of a reservation that others change as well, in a row. */
const TRIES_MAX = 10;

const inMs = (step: NextStep, ms: number) => ({ step, time: fromNow(ms) });

/** The order's document as it stands. */
export async function findReservation({ reservations, run }: Collections, orderId: string) {
  return (await run(() => reservations.findOne({ _id: orderId }))) ?? undefined;
}

/** Changes a reservation if it is still in this state and attempt; answers it as it is then. */
export async function move(
  { reservations, run }: Collections,
  { _id, attempt, state }: Pick<ReservationDocument, "_id" | "attempt" | "state">,
  set: object,
  guard: object = {},
): Promise<ReservationDocument | undefined> {
  const moved = await run(() =>
    reservations.findOneAndUpdate({ _id, attempt, state, ...guard }, [{ $set: set }], { returnDocument: "after" }),
  );
  return moved ?? undefined;
}

/** Records the intent to take pieces; undefined if somebody else was faster. */
export async function begin(
  { reservations, run, times: { workMs } }: Collections,
  orderId: string,
  last: ReservationDocument | undefined,
  lines: readonly ReservedLine[],
): Promise<ReservationDocument | undefined> {
  const attempt = (last?.attempt ?? 0) + 1;
  const filter = {
    _id: orderId,
    ...(last === undefined ? { attempt: { $exists: false } } : { state: last.state, attempt: last.attempt }),
  };
  const state: ReservationState = "reserving";
  const set = {
    ...{ state, attempt, everHeld: last?.everHeld ?? false, wasSold: false, lines: { $literal: lines } },
    ...{ until: fromNow(workMs), expireTime: "$$NOW", next: inMs("abandon", workMs) },
  };
  const options = { upsert: last === undefined, returnDocument: "after" } as const;
  try {
    return (await run(() => reservations.findOneAndUpdate(filter, [{ $set: set }], options))) ?? undefined;
  } catch (error) {
    if (isDuplicate(error)) return undefined;
    throw error;
  }
}

/** Ends an attempt or a hold, so that its pieces go back on sale; undefined if it is in another state by now. */
export async function lapse(collections: Collections, reservation: ReservationDocument, guard: object = {}) {
  const state: ReservationState = "lapsed";
  const lapsed = await move(
    collections,
    reservation,
    { state, next: inMs("give_back", collections.times.giveBackMs) },
    guard,
  );
  if (lapsed !== undefined) await putBack(collections, lapsed);
  return lapsed;
}

/** Puts the pieces of a reservation that has ended back on sale, and records that this is done. */
async function putBack(collections: Collections, reservation: ReservationDocument): Promise<void> {
  const { products, reservations, run } = collections;
  const { _id, attempt, lines, wasSold } = reservation;
  if (wasSold) return putSoldBack(collections, reservation);
  if (lines.length > 0) {
    const updates = lines.flatMap((line) => giveBack(reservation, line, collections.times));
    // In this order: a hold that comes between the two is found by the second.
    await run(() => products.bulkWrite(updates, { ordered: true }));
  }
  await run(() => reservations.updateOne({ _id, attempt, "next.step": "give_back" }, { $unset: { next: 1 } }));
}

/** The name of the mark that products carry while the pieces of a paid order are put back. */
export const returnMark = (orderId: string) => `return:${orderId}`;

async function putSoldBack(collections: Collections, reservation: ReservationDocument): Promise<void> {
  const { products, reservations, run } = collections;
  const { _id, lines } = reservation;
  const mark = returnMark(_id);
  await run(() =>
    products.bulkWrite(
      lines.map((line) => takeBack(reservation, line, mark)),
      { ordered: false },
    ),
  );
  const ids = { $in: lines.map((it) => it.productId) };
  const left = await run(() => products.countDocuments({ _id: ids, marks: { $ne: mark } }));
  if (left > 0) return; // the time was over before all were done: whoever sweeps begins anew
  const next = { step: "forget" satisfies NextStep, time: longOver(collections.times) };
  await run(() => reservations.updateOne({ _id, "next.step": "give_back" }, [{ $set: { next } }]));
}

/** Goes on with putting back what somebody else has left undone. */
export async function resumeGiveBack(collections: Collections, reservation: ReservationDocument): Promise<void> {
  const { workMs, giveBackMs } = collections.times;
  const time = fromNow(giveBackMs);
  const until = reservation.wasSold ? fromNow(workMs) : "$until";
  const mine = await move(collections, reservation, { until, "next.time": time }, { "next.step": "give_back" });
  if (mine !== undefined) await putBack(collections, mine);
}

/** Ends an order's reservation for good; answers whether it had pieces. */
export async function release(collections: Collections, orderId: string): Promise<boolean> {
  const { workMs, giveBackMs } = collections.times;
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const reservation = await findReservation(collections, orderId);
    if (reservation === undefined) {
      if (await releaseUnborn(collections, orderId)) return false;
      continue;
    }
    const { state, next } = reservation;
    if (state === "released") {
      if (next?.step === "give_back") await resumeGiveBack(collections, reservation);
      return false;
    }
    const wasSold = state === "confirmed";
    const owes = state !== "lapsed" || next !== undefined;
    const released = await move(collections, reservation, {
      ...{ state: "released" satisfies ReservationState, wasSold },
      ...(wasSold && { until: fromNow(workMs) }),
      ...(owes && { next: inMs("give_back", giveBackMs) }),
    });
    if (released === undefined) continue;
    if (owes) await putBack(collections, released);
    return state === "held" || wasSold;
  }
  throw reservationEnded(orderId);
}

/** Ends the reservation of an order that has none yet; false if it has one by now. */
async function releaseUnborn({ reservations, run }: Collections, orderId: string): Promise<boolean> {
  const now = new Date();
  const books = { everHeld: false, wasSold: false, lines: [], until: now, expireTime: now };
  try {
    await run(() => reservations.insertOne({ _id: orderId, state: "released", attempt: 0, ...books }));
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

/** Sells what is held; false if nothing is held or sold. */
export async function confirm({ reservations, run, times }: Collections, orderId: string): Promise<boolean> {
  const state: ReservationState = "confirmed";
  const next = { step: "sell" satisfies NextStep, time: longOver(times) };
  const isHeld = { $eq: ["$state", "held" satisfies ReservationState] };
  // One that is confirmed is written all the same, as it is: that waits until a majority has it.
  const { matchedCount } = await run(() =>
    reservations.updateOne({ _id: orderId, state: { $in: ["held", "confirmed"] } }, [
      { $set: { state, next: { $cond: [isHeld, next, "$next"] } } },
    ]),
  );
  return matchedCount === 1;
}
