import type { OrderEvent } from "#gen/shop/events/v1/order_event_pb.js";
import type { Order, OrderStatus } from "#gen/shop/order/v1/order_pb.js";

/** The next step of a checkout, recorded before it is taken. */
export type Step = "reserve" | "pay" | "confirm" | "clear_cart" | "undo" | "done";

/** An order with what only the checkout needs to know of it. */
export interface OrderRecord {
  readonly order: Order;
  readonly step: Step;
  /** The payment provider's name for the card. */
  readonly paymentToken: string;
  /** What the buyer had seen, in minor units. */
  readonly expectedTotal: number | undefined;
  /** What the failure of a cancelled order tells programs. */
  readonly failure: Readonly<Record<string, string>>;
  /** When the reservation ends unless it is confirmed. */
  readonly reservedUntil: Date | undefined;
  /** Grows with every change. */
  readonly version: number;
  /** Failed attempts at the current step. */
  readonly attempts: number;
}

/** A record that nobody has stored yet. */
export interface NewOrder {
  readonly record: OrderRecord;
  readonly requestId: string;
  readonly fingerprint: string;
}

/** What happened to an order, without what the store adds: ids and time. */
export type EventCase = OrderEvent["event"];

export interface ListFilter {
  readonly userId: string | undefined;
  readonly status: OrderStatus | undefined;
  /** Only orders after this one, in the list's order. */
  readonly after: { readonly createdAt: Date; readonly orderId: string } | undefined;
  readonly limit: number;
  /** Whether nobody minds when what happened a moment ago is missing: a read replica may answer then. */
  readonly mayBeStale: boolean;
}

export interface PendingRefund {
  readonly requestId: string;
  readonly orderId: string;
  /** In minor units. */
  readonly amount: number;
  readonly done: boolean;
}

/** Orders and how far each checkout is. Each method is one transaction. */
export interface OrderStore {
  /** Stores an order and its event, unless the user has one with this request id, or one whose checkout is under way. */
  create(order: NewOrder, leaseMs: number): Promise<boolean>;
  byId(orderId: string): Promise<OrderRecord | undefined>;
  byRequest(userId: string, requestId: string): Promise<{ record: OrderRecord; fingerprint: string } | undefined>;
  /** The user's order whose lines are still in the cart, to be paid or taken out. */
  checkoutOf(userId: string): Promise<OrderRecord | undefined>;
  /** Newest first. */
  list(filter: ListFilter): Promise<OrderRecord[]>;
  /**
   * Stores a change and its events if nobody else changed the order since; answers what was stored. The step that comes
   * next stays with whoever saved for `leaseMs`; then anybody may take it.
   */
  save(record: OrderRecord, events: readonly EventCase[], leaseMs: number): Promise<OrderRecord | undefined>;
  /** A step failed for the moment: nobody tries it again before the pause is over. Who watches the order is told. */
  postpone(orderId: string, version: number, pauseMs: number): Promise<void>;
  /** Orders with a step to take that nobody is taking; they are the caller's for `leaseMs`. */
  claimUnfinished(limit: number, leaseMs: number): Promise<OrderRecord[]>;
  /** Paid orders that nothing happened to since a moment, oldest first. */
  underWay(unchangedSince: Date, limit: number): Promise<OrderRecord[]>;
  refundById(requestId: string): Promise<PendingRefund | undefined>;
  /** Records the intent to refund; answers the one recorded before under this request id, if there is. */
  createRefund(refund: PendingRefund): Promise<PendingRefund>;
  /** Forgets the intent to refund: the provider refused. */
  dropRefund(requestId: string): Promise<void>;
  unfinishedRefunds(olderThan: Date, limit: number): Promise<PendingRefund[]>;
  /** Marks a refund as done and stores the change of the order with it; undefined if the order changed meanwhile. */
  finishRefund(
    refund: PendingRefund,
    record: OrderRecord,
    events: readonly EventCase[],
  ): Promise<OrderRecord | undefined>;
}
