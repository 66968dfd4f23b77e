import { createHash, randomUUID } from "node:crypto";
import { create, toJsonString } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { Availability } from "#gen/shop/cart/v1/cart_pb.js";
import type { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import {
  CancelReason,
  type Order,
  OrderLineSchema,
  OrderSchema,
  OrderStatus,
  OrderStepSchema,
} from "#gen/shop/order/v1/order_pb.js";
import type { PlaceOrderRequest } from "#gen/shop/order/v1/order_service_pb.js";
import { PaymentSchema, PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import { AddressSchema } from "#gen/shop/type/v1/address_pb.js";
import { runInBackground } from "#kit/call.ts";
import type { UserIdentity } from "#kit/identity/access-token.ts";
import { createChangeWaiter, type OrderChanges } from "./changes.ts";
import { minorUnits } from "./money.ts";
import type { PaymentMethod, PaymentProvider } from "./payment-provider.ts";
import { conflict, ErrorReason, fail } from "./reasons.ts";
import { LEASE_MS, type Saga } from "./saga.ts";
import type { NewOrder, OrderRecord, OrderStore } from "./store.ts";

export interface CheckoutDeps {
  readonly store: OrderStore;
  readonly saga: Saga;
  readonly changes: OrderChanges;
  readonly payments: PaymentProvider;
  readonly carts: Pick<Client<typeof CartService>, "getCart">;
  readonly auth: Pick<Client<typeof AuthService>, "verifyToken">;
}

const FAILURES: Readonly<Partial<Record<CancelReason, ErrorReason>>> = {
  [CancelReason.OUT_OF_STOCK]: ErrorReason.OUT_OF_STOCK,
  [CancelReason.PAYMENT_DECLINED]: ErrorReason.PAYMENT_DECLINED,
  [CancelReason.PAYMENT_FAILED]: ErrorReason.PAYMENT_FAILED,
  [CancelReason.PRICE_CHANGED]: ErrorReason.PRICE_CHANGED,
};

/** What identifies a purchase apart from its request id. The card counts by its last digits: a hash would give away the rest. */
function fingerprintOf(request: PlaceOrderRequest): string {
  const parts = [
    request.shippingAddress === undefined ? "" : toJsonString(AddressSchema, request.shippingAddress),
    `${request.paymentMethod.value?.number.slice(-4)}`,
    `${request.expectedTotal?.minorUnits ?? ""}`,
  ];
  return createHash("sha256").update(parts.join("\n")).digest("hex");
}

function newOrder(
  request: PlaceOrderRequest,
  user: UserIdentity,
  lines: Order["lines"],
  method: PaymentMethod,
): NewOrder {
  const createTime = timestampFromDate(new Date());
  const orderId = randomUUID();
  const order = create(OrderSchema, {
    orderId,
    userId: user.userId,
    status: OrderStatus.PENDING,
    lines,
    payment: create(PaymentSchema, {
      orderId,
      status: PaymentStatus.PENDING,
      cardBrand: method.brand,
      cardLast4: method.last4,
    }),
    history: [create(OrderStepSchema, { status: OrderStatus.PENDING, time: createTime, note: "We have your order." })],
    createTime,
    ...(request.shippingAddress && { shippingAddress: request.shippingAddress }),
  });
  const record: OrderRecord = {
    order,
    step: "reserve",
    paymentToken: method.token,
    expectedTotal: request.expectedTotal === undefined ? undefined : minorUnits(request.expectedTotal),
    failure: {},
    reservedUntil: undefined,
    version: 0,
    attempts: 0,
  };
  return { record, requestId: request.requestId, fingerprint: fingerprintOf(request) };
}

/** What the buyer is answered: the order, or the failure it ended with. */
function answer(record: OrderRecord): Order {
  const { order, failure } = record;
  if (order.status !== OrderStatus.CANCELLED) return order;
  const metadata = { order_id: order.orderId, ...failure };
  throw fail(FAILURES[order.cancelReason] ?? ErrorReason.CANCELLED, order.cancelMessage, { metadata });
}

/** The order that was placed with a request id. @throws Failure REQUEST_ID_REUSED if that was another purchase */
function sameAs({ record, fingerprint }: { record: OrderRecord; fingerprint: string }, request: PlaceOrderRequest) {
  if (fingerprint === fingerprintOf(request)) return record;
  throw fail(ErrorReason.REQUEST_ID_REUSED, "This request id belongs to another purchase.", {
    metadata: { order_id: record.order.orderId },
  });
}

/** A step that has failed so often, some seconds by then, waits for somebody who is away: nobody waits with it. */
const ATTEMPTS_WAITED_FOR = 3;

/** Whether the buyer can be told how it ended: what comes after the payment goes on without them, an undo is waited for. */
const isSettled = (record: OrderRecord) => record.order.status !== OrderStatus.PENDING && record.step !== "undo";
/** Whether there is nothing more to wait for: it is settled, or will not be for a while. */
const isAnswerable = (record: OrderRecord) => isSettled(record) || record.attempts >= ATTEMPTS_WAITED_FOR;

/** Placing an order: records the intent, then the saga does the work, whether or not the caller still waits. */
export function createCheckout({ store, saga, changes, payments, carts, auth }: CheckoutDeps) {
  /** The order when it has come as far as that, or as it is when the signal says that time is up. */
  async function wait(
    { order: { orderId } }: OrderRecord,
    signal: AbortSignal,
    isThere: (record: OrderRecord) => boolean,
  ): Promise<OrderRecord> {
    const waiter = createChangeWaiter(changes, orderId, signal);
    try {
      for (;;) {
        const record = await store.byId(orderId);
        if (record === undefined) throw new Error(`Order ${orderId} is gone`);
        if (signal.aborted || isThere(record)) return record;
        await waiter.next();
      }
    } finally {
      waiter.stop();
    }
  }

  async function linesOfCart(): Promise<Order["lines"]> {
    const { cart } = await carts.getCart({});
    const items = cart?.items.filter((it) => it.availability !== Availability.GONE) ?? [];
    if (items.length === 0) throw fail(ErrorReason.CART_EMPTY, "The cart is empty.");
    return items.map(({ productId, name, quantity }) => create(OrderLineSchema, { productId, name, quantity }));
  }

  return {
    /**
     * Buys what is in the caller's cart.
     * @param patience ends the wait for the outcome; the order then goes on by itself and is answered as pending, as it is
     *   where a step fails again and again
     */
    async place(request: PlaceOrderRequest, user: UserIdentity, patience: AbortSignal): Promise<Order> {
      const card = request.paymentMethod.value;
      if (card === undefined) throw new Error("The contract lets no request without a payment method through");
      let method: PaymentMethod | undefined;
      for (;;) {
        const before = await store.byRequest(user.userId, request.requestId);
        if (before !== undefined) return answer(await wait(sameAs(before, request), patience, isAnswerable));
        // Two tabs must not buy one cart twice: the other order takes its lines out before this one looks.
        const other = await store.checkoutOf(user.userId);
        if (other === undefined) {
          // A token proves who somebody was when it was made; before money moves, the session must still stand.
          const [lines] = await Promise.all([linesOfCart(), auth.verifyToken({ token: user.token })]);
          method ??= await payments.createPaymentMethod(card);
          const order = newOrder(request, user, lines, method);
          if (await store.create(order, LEASE_MS)) {
            const created = { ...order.record, version: 1 };
            void runInBackground(() => saga.run(created));
            return answer(await wait(created, patience, isAnswerable));
          }
        } else if (patience.aborted) {
          throw conflict(other.order, "Another order of yours is still being placed; try again in a moment.");
        } else await wait(other, patience, (it) => it.step === "undo" || it.step === "done");
      }
    },
    /** Waits until an order's compensation is through or cannot go on for the moment, or patience ends. */
    settle: (record: OrderRecord, patience: AbortSignal) => wait(record, patience, isAnswerable),
  };
}

export type Checkout = ReturnType<typeof createCheckout>;
