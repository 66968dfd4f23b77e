import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { OrderEventLineSchema } from "#gen/shop/events/v1/order_event_pb.js";
import { type CancelReason, type Order, OrderStatus, OrderStepSchema } from "#gen/shop/order/v1/order_pb.js";
import { type Payment, PaymentSchema, PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import { minorUnits, money } from "./money.ts";
import type { Charge } from "./payment-provider.ts";
import type { EventCase, OrderRecord } from "./store.ts";

/** A change of an order, and what it means to others. */
export interface Change {
  readonly record: OrderRecord;
  readonly events: readonly EventCase[];
}

const NEXT: Readonly<Record<number, readonly OrderStatus[]>> = {
  [OrderStatus.PENDING]: [OrderStatus.PROCESSING, OrderStatus.CANCELLED],
  [OrderStatus.PROCESSING]: [OrderStatus.SHIPPED, OrderStatus.CANCELLED],
  [OrderStatus.SHIPPED]: [OrderStatus.DELIVERED],
};

/** Whether an order may go from one status to another. */
export function isAllowed(from: OrderStatus, to: OrderStatus): boolean {
  return NEXT[from]?.includes(to) ?? false;
}

/** Whether nothing can happen to the order any more. */
export function isFinal(record: OrderRecord): boolean {
  const { status } = record.order;
  return record.step === "done" && (status === OrderStatus.DELIVERED || status === OrderStatus.CANCELLED);
}

/** The order in its next status, with a line in its history. */
export function moved(order: Order, status: OrderStatus, note: string): Order {
  const step = create(OrderStepSchema, { status, note, time: timestampFromDate(new Date()) });
  return { ...order, status, history: [...order.history, step] };
}

/** The payment as it stands, from what the provider says. */
export function paid(payment: Payment | undefined, charge: Charge): Payment {
  return {
    ...(payment ?? create(PaymentSchema)),
    status: charge.status,
    amount: money(charge.currency, charge.amount),
    refunded: money(charge.currency, charge.refunded),
    declineCode: charge.declineCode,
    updateTime: timestampFromDate(new Date()),
  };
}

/** What the provider says of a payment, recorded, and the event of the money that went back since it last said something. */
export function settled(record: OrderRecord, charge: Charge): Change {
  const { order } = record;
  const more = charge.refunded - minorUnits(order.payment?.refunded);
  // Of two answers on their way at once the older may come last; money only ever goes back.
  if (more < 0) return { record, events: [] };
  const amount = money(charge.currency, more);
  return {
    record: { ...record, order: { ...order, payment: paid(order.payment, charge) } },
    events: more > 0 ? [{ case: "refunded", value: { $typeName: "shop.events.v1.OrderRefunded", amount } }] : [],
  };
}

/** The lines of an order as events tell them. */
export function eventLines(order: Order) {
  return order.lines.map(({ productId, quantity, unitPrice }) =>
    create(OrderEventLineSchema, { productId, quantity, ...(unitPrice && { unitPrice }) }),
  );
}

/** Why an order is cancelled: for programs and for the buyer. */
export interface Cancellation {
  readonly reason: CancelReason;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The intent to cancel; what was reserved and paid is undone by the step that comes next. */
export function cancelled(record: OrderRecord, { reason, message, metadata = {} }: Cancellation): Change {
  const { order } = record;
  const status = order.payment?.status;
  const wasPaid =
    status === PaymentStatus.CAPTURED ||
    status === PaymentStatus.PARTIALLY_REFUNDED ||
    status === PaymentStatus.REFUNDED;
  return {
    record: {
      ...record,
      order: { ...moved(order, OrderStatus.CANCELLED, message), cancelReason: reason, cancelMessage: message },
      step: "undo",
      attempts: 0,
      failure: metadata,
    },
    events: [
      {
        case: "cancelled",
        value: { $typeName: "shop.events.v1.OrderCancelled", reason: message, lines: eventLines(order), wasPaid },
      },
    ],
  };
}
