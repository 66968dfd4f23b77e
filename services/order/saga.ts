import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { Logger } from "pino";
import type { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { CancelReason, OrderLineSchema, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import {
  ErrorReason as ProductReason,
  ErrorReasonSchema as ProductReasons,
} from "#gen/shop/product/v1/error_reason_pb.js";
import type { Reservation } from "#gen/shop/product/v1/product_pb.js";
import type { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { failureMetadata, isFailure } from "#kit/failure.ts";
import { minorUnits, money, shippingFor } from "./money.ts";
import type { PaymentProvider } from "./payment-provider.ts";
import type { OrderRecord, OrderStore, Step } from "./store.ts";
import { type Change, cancelled, eventLines, moved, paid, settled } from "./transitions.ts";

/** What a checkout needs of others. */
export interface SagaDeps {
  readonly store: OrderStore;
  readonly products: Pick<Client<typeof ProductService>, "reserveStock" | "confirmReservation" | "releaseReservation">;
  readonly carts: Pick<Client<typeof CartService>, "removePurchased">;
  readonly payments: PaymentProvider;
  readonly log: Logger;
  readonly now?: () => number;
}

/** Takes an order's steps, one after the other, each recorded before it is taken. */
export interface Saga {
  /** Goes on with an order until it is done, or until a step fails for the moment. Never throws. */
  run(record: OrderRecord): Promise<OrderRecord>;
  /** Resolves when no order is being worked on here. */
  idle(): Promise<void>;
}

/** How long a step stays with the process that took it; after a crash another takes it then. Longer than any step lasts. */
export const LEASE_MS = 8_000;
const HOLD_MS = 15 * 60_000;
// Do not begin to charge when the reservation might end before it is confirmed.
const HOLD_MARGIN_MS = 60_000;
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 30_000;
// An order that is not paid by then will not be.
const GIVE_UP_MS = 5 * 60_000;
const GONE = [ProductReason.OUT_OF_STOCK, ProductReason.PRODUCT_NOT_FOUND, ProductReason.RESERVATION_ENDED];

const isGone = (error: unknown) => GONE.some((it) => isFailure(error, ProductReasons, it));

function soldOut(record: OrderRecord, error: unknown): Change {
  const metadata = failureMetadata(error);
  const name = record.order.lines.find((it) => it.productId === metadata.product_id)?.name || metadata.product_id;
  const message =
    name === undefined ? "The order could not be reserved in time." : `There is not enough of “${name}” left.`;
  return cancelled(record, { reason: CancelReason.OUT_OF_STOCK, message, metadata });
}

/** The order with the prices that its reservation fixes. */
function priced(record: OrderRecord, reservation: Reservation): OrderRecord {
  const currency = reservation.lines[0]?.unitPrice?.currencyCode ?? "";
  const lines = reservation.lines.map((line) => {
    const { productId, name, quantity, unitPrice, picture } = line;
    const lineTotal = money(currency, minorUnits(unitPrice) * quantity);
    return create(OrderLineSchema, {
      productId,
      name,
      quantity,
      lineTotal,
      ...(unitPrice && { unitPrice }),
      ...(picture && { picture }),
    });
  });
  const subtotal = lines.reduce((sum, line) => sum + minorUnits(line.lineTotal), 0);
  const shipping = shippingFor(subtotal);
  const order = {
    ...record.order,
    lines,
    subtotal: money(currency, subtotal),
    shipping: money(currency, shipping),
    total: money(currency, subtotal + shipping),
  };
  return { ...record, order };
}

/** The steps of the checkout: each does its work, which may have been done before, and says what changes. */
export function createSteps({
  products,
  carts,
  payments,
  now = Date.now,
}: SagaDeps): Record<Exclude<Step, "done">, (record: OrderRecord) => Promise<Change>> {
  const hold = durationFromMs(HOLD_MS);
  const at = (record: OrderRecord, step: Step): OrderRecord => ({ ...record, step, attempts: 0 });

  async function reserve(record: OrderRecord): Promise<Change> {
    const { order, expectedTotal } = record;
    const lines = order.lines.map(({ productId, quantity }) => ({ productId, quantity }));
    // By our own clock, on which `pay` looks; the hold begins later than this.
    const reservedUntil = new Date(now() + HOLD_MS);
    let reservation: Reservation | undefined;
    try {
      ({ reservation } = await products.reserveStock({ orderId: order.orderId, lines, hold }));
    } catch (error) {
      if (isGone(error)) return soldOut(record, error);
      throw error;
    }
    if (reservation === undefined) throw new Error("The reservation is missing in the answer");
    const reserved = { ...priced(record, reservation), reservedUntil };
    const actual = minorUnits(reserved.order.total);
    if (expectedTotal !== undefined && expectedTotal !== actual) {
      const metadata = { expected: `${expectedTotal}`, actual: `${actual}` };
      return cancelled(reserved, { reason: CancelReason.PRICE_CHANGED, message: "A price had changed.", metadata });
    }
    return { record: at(reserved, "pay"), events: [] };
  }

  async function pay(record: OrderRecord): Promise<Change> {
    const { order, paymentToken: token, reservedUntil } = record;
    if (reservedUntil === undefined || reservedUntil.getTime() - now() < HOLD_MARGIN_MS)
      return { record: at(record, "reserve"), events: [] };
    const currency = order.total?.currencyCode ?? "";
    let charge = await payments.authorize({ orderId: order.orderId, token, currency, amount: minorUnits(order.total) });
    if (charge.status === PaymentStatus.AUTHORIZED) charge = await payments.capture(order.orderId);
    const charged = { ...record, order: { ...order, payment: paid(order.payment, charge) } };
    if (charge.status !== PaymentStatus.CAPTURED) {
      const message = "The bank declined the payment; nothing was charged.";
      return cancelled(charged, {
        reason: CancelReason.PAYMENT_DECLINED,
        message,
        metadata: { decline_code: charge.declineCode },
      });
    }
    const total = order.total === undefined ? {} : { total: order.total };
    return {
      record: at(
        { ...charged, order: moved(charged.order, OrderStatus.PROCESSING, "Paid; we are packing it.") },
        "confirm",
      ),
      events: [{ case: "paid", value: { $typeName: "shop.events.v1.OrderPaid", lines: eventLines(order), ...total } }],
    };
  }

  async function confirm(record: OrderRecord): Promise<Change> {
    const { order } = record;
    try {
      await products.confirmReservation({ orderId: order.orderId });
    } catch (error) {
      if (!isFailure(error, ProductReasons, ProductReason.RESERVATION_ENDED)) throw error;
      // We were away for longer than the hold: try to get the pieces once more, else the money goes back.
      const lines = order.lines.map(({ productId, quantity }) => ({ productId, quantity }));
      try {
        await products.reserveStock({ orderId: order.orderId, lines, hold });
      } catch (again) {
        if (isGone(again)) return soldOut(record, again);
        throw again;
      }
      return { record: at(record, "confirm"), events: [] };
    }
    return { record: at(record, "clear_cart"), events: [] };
  }

  async function clearCart(record: OrderRecord): Promise<Change> {
    const { orderId, userId, lines } = record.order;
    await carts.removePurchased({
      userId,
      orderId,
      lines: lines.map(({ productId, quantity }) => ({ productId, quantity })),
    });
    return { record: at(record, "done"), events: [] };
  }

  async function undo(record: OrderRecord): Promise<Change> {
    const { order } = record;
    // The bar comes first: after it nothing can be charged, whoever else is still at it.
    const charge = await payments.cancel(order.orderId);
    await products.releaseReservation({ orderId: order.orderId });
    const undone = charge === undefined ? { record, events: [] } : settled(record, charge);
    return { ...undone, record: at(undone.record, "done") };
  }

  return { reserve, pay, confirm, clear_cart: clearCart, undo };
}

/** The checkout as a saga (Garcia-Molina and Salem, 1987): steps forward, or compensation by `undo`. */
export function createSaga(deps: SagaDeps): Saga {
  const { store, log, now = Date.now } = deps;
  const steps = createSteps(deps);

  async function attempt(record: OrderRecord, step: Exclude<Step, "done">): Promise<Change> {
    try {
      return await steps[step](record);
    } catch (error) {
      const ageMs =
        now() - (record.order.createTime === undefined ? 0 : timestampDate(record.order.createTime).getTime());
      if ((step !== "reserve" && step !== "pay") || ageMs < GIVE_UP_MS) throw error;
      log.warn({ err: error, orderId: record.order.orderId, step }, "checkout given up");
      return cancelled(record, {
        reason: CancelReason.PAYMENT_FAILED,
        message: "The order could not be completed in time; nothing was charged.",
      });
    }
  }

  const running = new Set<Promise<OrderRecord>>();

  async function drive(record: OrderRecord): Promise<OrderRecord> {
    let current = record;
    const { orderId } = record.order;
    while (current.step !== "done") {
      try {
        const change = await attempt(current, current.step);
        const saved = await store.save(change.record, change.events, LEASE_MS);
        // Somebody else changed the order meanwhile, such as a cancellation: go on from there.
        const next = saved ?? (await store.byId(orderId));
        if (next === undefined) return current;
        current = next;
      } catch (error) {
        const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** current.attempts);
        // Once an order: a neighbour that is away for long is told by other means.
        const level = current.attempts === 0 ? "warn" : "debug";
        log[level](
          { err: error, orderId, step: current.step, pauseMs },
          "a step of a checkout failed; it is tried again",
        );
        // Where not even this can be stored, the step is anybody's when its lease ends.
        await store
          .postpone(orderId, current.version, pauseMs)
          .catch((cause: unknown) => log.debug({ err: cause, orderId }, "cannot postpone"));
        return current;
      }
    }
    return current;
  }

  return {
    run(record) {
      const run = drive(record).finally(() => running.delete(run));
      running.add(run);
      return run;
    },
    async idle() {
      await Promise.all(running);
    },
  };
}
