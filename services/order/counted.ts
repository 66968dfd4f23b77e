import type { Metrics } from "#kit/metrics.ts";
import { minorUnits } from "./money.ts";
import type { EventCase, OrderStore } from "./store.ts";

/** A store that counts what happens to orders, once it is stored: for dashboards, not for bookkeeping. */
export function counted(store: OrderStore, metrics: Metrics): OrderStore {
  const happened = metrics.counter("shop_orders_total", "What happened to orders: placed, paid, cancelled, …", [
    "event",
  ]);
  const money = metrics.counter("shop_order_money_minor_units_total", "Money that moved, in minor units", [
    "currency",
    "direction",
  ]);

  function count(events: readonly EventCase[]): void {
    for (const { case: name, value } of events) {
      if (name !== undefined) happened.inc({ event: name });
      if (name === "paid") {
        money.inc({ currency: value.total?.currencyCode ?? "", direction: "in" }, minorUnits(value.total));
      } else if (name === "refunded") {
        money.inc({ currency: value.amount?.currencyCode ?? "", direction: "out" }, minorUnits(value.amount));
      }
    }
  }

  return {
    ...store,
    async create(order, leaseMs) {
      const created = await store.create(order, leaseMs);
      if (created) happened.inc({ event: "placed" });
      return created;
    },
    async save(record, events, leaseMs) {
      const saved = await store.save(record, events, leaseMs);
      if (saved !== undefined) count(events);
      return saved;
    },
    async finishRefund(refund, record, events) {
      const saved = await store.finishRefund(refund, record, events);
      if (saved !== undefined) count(events);
      return saved;
    },
  };
}
