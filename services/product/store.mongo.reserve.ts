import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "#kit/failure.ts";
import { isOutOfStock, outOfStock, productNotFound, reservationEnded } from "./reasons.ts";
import { type Collections, fromNow } from "./store.mongo.collections.ts";
import type { ReservationDocument } from "./store.mongo.documents.ts";
import { HOLDS_MAX, take } from "./store.mongo.pieces.ts";
import { begin, findReservation, lapse, move, resumeGiveBack } from "./store.mongo.reservations.ts";
import { expireHoldsOf } from "./store.mongo.sweep.ts";
import type { Reservation, ReservedLine, StockLine } from "./store.ts";

/** Attempts in a row that somebody else came between. */
const TRIES_MAX = 5;
const RETRY_AFTER_MS = 500;

const busy = (message: string) =>
  callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, message, { retryAfterMs: RETRY_AFTER_MS });

const toReservation = ({ _id, lines, expireTime }: ReservationDocument): Reservation => ({
  orderId: _id,
  lines: lines.map((it) => ({ ...it, picture: it.picture ?? undefined })),
  expireTime,
});

/** The lines at the prices of now. @throws Failure PRODUCT_NOT_FOUND, OUT_OF_STOCK */
async function price({ products, run }: Collections, lines: readonly StockLine[]): Promise<ReservedLine[]> {
  const projection = { name: 1, currencyCode: 1, price: 1, stock: 1, pictures: { $slice: 1 } };
  const filter = { _id: { $in: lines.map((it) => it.productId) }, deleted: false };
  const found = await run(() => products.find(filter, { projection }).toArray());
  const byId = new Map(found.map((it) => [it._id, it]));
  return lines.map(({ productId, quantity }) => {
    const product = byId.get(productId);
    if (product === undefined) throw productNotFound(productId);
    if (product.stock < quantity) throw outOfStock(productId, product.stock);
    const { name, currencyCode, price: minorUnits, pictures } = product;
    return { productId, quantity, name, unitPrice: { currencyCode, minorUnits }, picture: pictures[0] };
  });
}

/** Whether all pieces were taken; if not, why, or undefined where another attempt may do better. */
async function whatIsMissing(
  { products, run }: Collections,
  { _id, attempt, lines }: ReservationDocument,
): Promise<{ taken: boolean; reason?: Error }> {
  const ids = { _id: { $in: lines.map((it) => it.productId) } };
  const projection = {
    ...{ stock: 1, deleted: 1, holds: { $elemMatch: { orderId: _id, attempt, quantity: { $gt: 0 } } } },
    holdCount: { $size: "$holds" },
  };
  const found = await run(() => products.find(ids).project<MissingRecord>(projection).toArray());
  const byId = new Map(found.map((it) => [it._id, it]));
  const missing = lines.filter((it) => (byId.get(it.productId)?.holds ?? []).length === 0);
  for (const { productId, quantity } of missing) {
    const product = byId.get(productId);
    if (product === undefined || product.deleted) return { taken: false, reason: productNotFound(productId) };
    if (product.stock < quantity) return { taken: false, reason: outOfStock(productId, product.stock) };
    if (product.holdCount >= HOLDS_MAX)
      return { taken: false, reason: busy(`Too many orders want "${productId}" at the same moment; try again.`) };
  }
  return { taken: missing.length === 0 };
}

type MissingRecord = { _id: string; stock: number; deleted: boolean; holds?: unknown[]; holdCount: number };

/** Takes all pieces of an attempt, or ends it; undefined if somebody else came between. */
async function takeAll(
  collections: Collections,
  attempt: ReservationDocument,
  holdMs: number,
): Promise<ReservationDocument | undefined> {
  const { products, run } = collections;
  // By the products' ids: of two orders that want the same, one gets all of it.
  const inOrder = attempt.lines.toSorted((a, b) => (a.productId < b.productId ? -1 : 1));
  const updates = inOrder.map((line) => take(attempt, line, collections.times));
  const { modifiedCount } = await run(() => products.bulkWrite(updates, { ordered: true }));
  if (modifiedCount < updates.length) {
    const { taken, reason } = await whatIsMissing(collections, attempt);
    if (!taken) {
      const lapsed = await lapse(collections, attempt);
      if (lapsed !== undefined && reason !== undefined) throw reason;
      return undefined;
    }
  }
  const next = { step: "expire", time: fromNow(holdMs) };
  return move(collections, attempt, { state: "held", everHeld: true, expireTime: fromNow(holdMs), next });
}

/** Holds what an order asks for, as far as its reservation stands; undefined if somebody else came between. */
async function attemptOnce(
  collections: Collections,
  orderId: string,
  lines: readonly StockLine[],
  holdMs: number,
): Promise<ReservationDocument | undefined> {
  const last = await findReservation(collections, orderId);
  switch (last?.state) {
    case "released":
      throw reservationEnded(orderId);
    case "held": {
      const time = fromNow(holdMs);
      return move(collections, last, { expireTime: time, next: { step: "expire", time } });
    }
    case "confirmed":
      return move(collections, last, { expireTime: fromNow(holdMs) });
    case "reserving":
      // Somebody is at it, or was: the same steps, which are taken once.
      return takeAll(collections, last, holdMs);
    default: {
      // What an attempt before still owes would be forgotten with the next one.
      if (last?.next?.step === "give_back") await resumeGiveBack(collections, last);
      const wanted = last?.everHeld ? last.lines : await price(collections, lines);
      const begun = await begin(collections, orderId, last, wanted);
      return begun && takeAll(collections, begun, holdMs);
    }
  }
}

async function attempt(
  collections: Collections,
  orderId: string,
  lines: readonly StockLine[],
  holdMs: number,
): Promise<Reservation> {
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const held = await attemptOnce(collections, orderId, lines, holdMs);
    if (held !== undefined) return toReservation(held);
  }
  throw busy("The order is being changed by others at the same moment; try again.");
}

/** Holds all that an order asks for, or nothing of it. */
export async function reserve(
  collections: Collections,
  orderId: string,
  lines: readonly StockLine[],
  holdMs: number,
): Promise<Reservation> {
  try {
    return await attempt(collections, orderId, lines, holdMs);
  } catch (error) {
    if (!isOutOfStock(error)) throw error;
    // Holds that are over may stand in the way only because nobody has undone them yet.
    const undone = await expireHoldsOf(
      collections,
      lines.map((it) => it.productId),
    );
    if (undone === 0) throw error;
    return attempt(collections, orderId, lines, holdMs);
  }
}
