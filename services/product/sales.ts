import { type OrderEvent, OrderEventSchema } from "#gen/shop/events/v1/order_event_pb.js";
import type { Events } from "#kit/events/events.ts";
import type { StockLine, StockStore } from "./store.ts";

/** Pieces by which an event changes the numbers of pieces sold; none for most events. */
export function salesOf({ event }: OrderEvent): StockLine[] {
  if (event.case === "paid") return event.value.lines.map(({ productId, quantity }) => ({ productId, quantity }));
  if (event.case !== "cancelled" || !event.value.wasPaid) return [];
  return event.value.lines.map(({ productId, quantity }) => ({ productId, quantity: -quantity }));
}

/** Keeps count of the pieces sold, from what happens to orders. */
export async function followSales({ events, store }: { events: Events; store: StockStore }): Promise<void> {
  await events.subscribe(OrderEventSchema, "product-sales", async ({ event, eventId }) => {
    const lines = salesOf(event);
    if (lines.length > 0) await store.countSales(eventId, lines);
  });
}
