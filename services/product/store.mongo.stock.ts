import type { Collections } from "./store.mongo.collections.ts";
import { adjust, countSales, settleOnce } from "./store.mongo.once.ts";
import { confirm, release } from "./store.mongo.reservations.ts";
import { reserve } from "./store.mongo.reserve.ts";
import { expireHolds, settleReservations } from "./store.mongo.sweep.ts";
import { inOrder } from "./store.mongo.turns.ts";
import type { StockStore } from "./store.ts";

/** Rounds of what is due in one sweep: others want to have their turn, and the next sweep comes in seconds. */
const ROUNDS_MAX = 20;

/** Does what is due, holds that are over aside; answers in how many rounds. */
async function settle(collections: Collections): Promise<number> {
  for (let round = 1; ; round++) {
    const more = await inOrder([settleReservations, settleOnce], (it) => it(collections));
    if (round === ROUNDS_MAX || !more.includes(true)) return round;
  }
}

/** The pieces of the shop in MongoDB. */
export function createMongoStock(collections: Collections): StockStore {
  return {
    adjust: (adjustment) => adjust(collections, adjustment),
    reserve: (orderId, lines, holdMs) => reserve(collections, orderId, lines, holdMs),
    confirm: (orderId) => confirm(collections, orderId),
    release: (orderId) => release(collections, orderId),
    async expire(limit) {
      const [expired = 0] = await inOrder([() => expireHolds(collections, limit), () => settle(collections)], (it) =>
        it(),
      );
      return expired;
    },
    countSales: (eventId, lines) => countSales(collections, eventId, lines),
  };
}
