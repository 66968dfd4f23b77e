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
import { ErrorReason, fail } from "./reasons.ts";
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

/** Whether the buyer can be told how it ended; what the shop still has to tidy up does not concern them. */
const isAnswerable = (record: OrderRecord) => record.order.status !== OrderStatus.PENDING && record.step !== "undo";

/** Placing an order: records the intent, then the saga does the work, whether or not the caller still waits. */
export function createCheckout({ store, saga, changes, payments, carts, auth }: CheckoutDeps) {
  async function wait(orderId: string, signal: AbortSignal): Promise<OrderRecord> {
    const waiter = createChangeWaiter(changes, orderId, signal);
    try {
      for (;;) {
        const record = await store.byId(orderId);
        if (record === undefined) throw new Error(`Order ${orderId} is gone`);
        if (signal.aborted || isAnswerable(record)) return record;
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
     * @param patience ends the wait for the outcome; the order then goes on by itself and is answered as pending
     */
    async place(request: PlaceOrderRequest, user: UserIdentity, patience: AbortSignal): Promise<Order> {
      const before = await store.byRequest(user.userId, request.requestId);
      if (before === undefined) {
        const card = request.paymentMethod.value;
        if (card === undefined) throw new Error("The contract lets no request without a payment method through");
        // A token proves who somebody was when it was made; before money moves, the session must still stand.
        const [lines] = await Promise.all([linesOfCart(), auth.verifyToken({ token: user.token })]);
        const order = newOrder(request, user, lines, await payments.createPaymentMethod(card));
        if (await store.create(order, LEASE_MS)) {
          const created = { ...order.record, version: 1 };
          void runInBackground(() => saga.run(created));
          return answer(await wait(order.record.order.orderId, patience));
        }
      }
      // The request came before, or twice at once.
      const known = before ?? (await store.byRequest(user.userId, request.requestId));
      if (known === undefined) throw new Error("An order neither exists nor can be created");
      const { orderId } = known.record.order;
      if (known.fingerprint !== fingerprintOf(request)) {
        throw fail(ErrorReason.REQUEST_ID_REUSED, "This request id belongs to another purchase.", {
          metadata: { order_id: orderId },
        });
      }
      return answer(await wait(orderId, patience));
    },
    /** Waits until an order's compensation is through, or patience ends. */
    settle: wait,
  };
}

export type Checkout = ReturnType<typeof createCheckout>;
