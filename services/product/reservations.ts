import type { Logger } from "pino";
import { startWorker } from "#kit/events/worker.ts";
import type { Metrics } from "#kit/metrics.ts";
import { invalidField, isOutOfStock, reservationEnded } from "./reasons.ts";
import type { Reservation, StockLine, StockStore } from "./store.ts";

const EXPIRE_PAUSE_MS = 3_000;
const EXPIRE_BATCH_MAX = 100;

/** Pieces held for orders, counted for the people who run the shop. */
export function createReservations({ store, metrics, log }: { store: StockStore; metrics: Metrics; log: Logger }) {
  const results = metrics.counter("shop_reservations_total", "Reservations by what became of them", ["result"]);

  const expire = async (signal: AbortSignal) => {
    for (let full = true; full && !signal.aborted; ) {
      const undone = await store.expire(EXPIRE_BATCH_MAX);
      if (undone > 0) results.inc({ result: "expired" }, undone);
      full = undone === EXPIRE_BATCH_MAX;
    }
  };

  return {
    /** @throws Failure PRODUCT_NOT_FOUND, OUT_OF_STOCK, RESERVATION_ENDED, INVALID_INPUT for a product named twice */
    async reserve(orderId: string, lines: readonly StockLine[], holdMs: number): Promise<Reservation> {
      const twice = lines.findIndex((line, index) => lines.findIndex((it) => it.productId === line.productId) < index);
      if (twice >= 0) throw invalidField(`lines[${twice}].product_id`, "each product may be named once");
      const reserving = store.reserve(orderId, lines, holdMs);
      reserving.then(
        () => results.inc({ result: "held" }),
        (error: unknown) => results.inc({ result: isOutOfStock(error) ? "out_of_stock" : "failed" }),
      );
      return reserving;
    },

    /** @throws Failure RESERVATION_ENDED if nothing is held or sold */
    async confirm(orderId: string): Promise<void> {
      if (!(await store.confirm(orderId))) throw reservationEnded(orderId);
      results.inc({ result: "confirmed" });
    },

    async release(orderId: string): Promise<void> {
      if (await store.release(orderId)) results.inc({ result: "released" });
    },

    /** Puts the pieces of holds that are over back on sale from now on, until the function it answers is called. */
    startExpiring(): () => Promise<void> {
      const worker = startWorker({ name: "expired holds", run: expire, pollMs: EXPIRE_PAUSE_MS, log });
      return () => worker.stop();
    },
  };
}

export type Reservations = ReturnType<typeof createReservations>;
