import type { Collections } from "./store.mongo.collections.ts";
import { adjust, countSales, settleOnce } from "./store.mongo.once.ts";
import { confirm, release } from "./store.mongo.reservations.ts";
import { reserve } from "./store.mongo.reserve.ts";
import { expireHolds, settleReservations } from "./store.mongo.sweep.ts";
import type { StockStore } from "./store.ts";

/** Rounds of what is due in one sweep: others want to have their turn, and the next sweep comes in seconds. */
const ROUNDS_MAX = 20;

/** The pieces of the shop in MongoDB. */
export function createMongoStock(collections: Collections): StockStore {
  return {
    adjust: (adjustment) => adjust(collections, adjustment),
    reserve: (orderId, lines, holdMs) => reserve(collections, orderId, lines, holdMs),
    confirm: (orderId) => confirm(collections, orderId),
    release: (orderId) => release(collections, orderId),
    async expire(limit) {
      const expired = await expireHolds(collections, limit);
      for (let round = 1; round <= ROUNDS_MAX; round++) {
        const more = [await settleReservations(collections), await settleOnce(collections)];
        if (!more.includes(true)) break;
      }
      return expired;
    },
    countSales: (eventId, lines) => countSales(collections, eventId, lines),
  };
}
