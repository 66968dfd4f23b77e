import type { Logger } from "pino";
import { CancelReason, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { startWorker, type Worker } from "#kit/events/worker.ts";
import type { Orders } from "./orders.ts";
import type { Refunds } from "./refunds.ts";
import { LEASE_MS, type Saga } from "./saga.ts";
import type { OrderStore } from "./store.ts";

const INTERVAL_MS = 1_000;
const BATCH_MAX = 20;
const REFUND_GRACE_MS = 10_000;

export interface WorkerDeps {
  readonly store: OrderStore;
  readonly saga: Saga;
  readonly orders: Orders;
  readonly refunds: Refunds;
  readonly log: Logger;
  /** Milliseconds between the steps of the simulated fulfilment; undefined when people ship the parcels. */
  readonly fulfilmentStepMs: number | undefined;
}

const NOTES: Readonly<Partial<Record<OrderStatus, string>>> = {
  [OrderStatus.SHIPPED]: "Your parcel is on its way.",
  [OrderStatus.DELIVERED]: "Your parcel has arrived.",
};

/**
 * What goes on without anybody asking: checkouts and refunds that a crash or a failure left unfinished, and, where it is
 * switched on, a simulated warehouse. Any number of replicas may run it.
 */
export function createWorker({ store, saga, orders, refunds, log, fulfilmentStepMs }: WorkerDeps) {
  // One that fails must not keep the others waiting.
  const later = (error: unknown) => log.warn({ err: error }, "background work failed; it is tried again");

  async function fulfil(stepMs: number): Promise<void> {
    for (const record of await store.underWay(new Date(Date.now() - stepMs), BATCH_MAX)) {
      const status = record.order.status === OrderStatus.PROCESSING ? OrderStatus.SHIPPED : OrderStatus.DELIVERED;
      await orders.move(record, status, NOTES[status] ?? "", CancelReason.UNSPECIFIED).catch(later);
    }
  }

  async function round(): Promise<void> {
    const unfinished = await store.claimUnfinished(BATCH_MAX, LEASE_MS);
    await Promise.all(unfinished.map((it) => saga.run(it)));
    for (const refund of await store.unfinishedRefunds(new Date(Date.now() - REFUND_GRACE_MS), BATCH_MAX))
      await refunds.carryOut(refund).catch(later);
    if (fulfilmentStepMs !== undefined) await fulfil(fulfilmentStepMs);
  }

  let worker: Worker | undefined;
  return {
    start() {
      worker ??= startWorker({ name: "orders", run: round, pollMs: INTERVAL_MS, log });
    },
    async stop(): Promise<void> {
      await worker?.stop();
    },
  };
}
