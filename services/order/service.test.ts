import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ErrorReason as CallReason, ErrorReasonSchema as CallReasons } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/order/v1/error_reason_pb.js";
import { CancelReason, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import { PaymentService } from "#gen/shop/order/v1/payment_service_pb.js";
import { failureMetadata, isFailure } from "#kit/failure.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main as order } from "./main.ts";
import { TEST_CARDS } from "./test-cards.ts";
import { createNeighbours, type Neighbours } from "./testing/neighbours.ts";
import { card, purchase } from "./testing/purchase.ts";

let mesh: TestMesh;
let neighbours: Neighbours;
beforeAll(async () => {
  neighbours = createNeighbours();
  const { auth, cart, product } = neighbours;
  mesh = await startTestMesh({ auth, cart, product, order }, { env: { SIMULATE_FULFILMENT: "false" } });
});
afterAll(() => mesh.close());
beforeEach(() => {
  neighbours.cartLines = { lamp: 2 };
  neighbours.stock = 1_000;
});

const orders = () => mesh.client(OrderService);
const payments = () => mesh.client(PaymentService);
const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "no failure",
    (error: unknown) =>
      ErrorReasonSchema.values.find((it) => isFailure(error, ErrorReasonSchema, it.number))?.localName ?? String(error),
  );

async function place(number?: string, user = mesh.as("customer")) {
  const { order: placed } = await orders().placeOrder(purchase(number), user);
  if (placed === undefined) throw new Error("The answer has no order");
  return { user, order: placed };
}

describe("placing an order", () => {
  it("reserves, charges, confirms and clears the cart, at the prices of the reservation", async () => {
    const { order: placed } = await place();
    expect(placed).toMatchObject({
      status: OrderStatus.PROCESSING,
      subtotal: { currencyCode: "EUR", minorUnits: 4_000n },
      shipping: { minorUnits: 490n },
      total: { minorUnits: 4_490n },
      payment: { status: PaymentStatus.CAPTURED, cardBrand: "visa", cardLast4: "4242", amount: { minorUnits: 4_490n } },
      lines: [{ productId: "lamp", quantity: 2, unitPrice: { minorUnits: 2_000n }, lineTotal: { minorUnits: 4_000n } }],
    });
    expect(placed.history.map((it) => it.status)).toEqual([OrderStatus.PENDING, OrderStatus.PROCESSING]);
    await expect
      .poll(() => neighbours.calls.filter((it) => it.endsWith(placed.orderId)))
      .toEqual([`confirm ${placed.orderId}`, `clear ${placed.orderId}`]);
  });

  it("answers a repeated request id with the same order, and refuses it for another purchase", async () => {
    const user = mesh.as("customer");
    const request = purchase();
    const first = await orders().placeOrder(request, user);
    const second = await orders().placeOrder(request, user);
    expect(second.order?.orderId).toBe(first.order?.orderId);
    expect(await reasonOf(orders().placeOrder({ ...request, paymentMethod: card("5555555555554444") }, user))).toBe(
      "REQUEST_ID_REUSED",
    );
    // Another user's request ids are their own.
    expect((await orders().placeOrder(request, mesh.as("customer"))).order?.orderId).not.toBe(first.order?.orderId);
  });

  it("buys a cart once when it is bought in two tabs", async () => {
    const user = mesh.as("customer");
    neighbours.keepsCarts = false;
    const outcomes = await Promise.all([1, 2].map(() => reasonOf(orders().placeOrder(purchase(), user))));
    neighbours.keepsCarts = true;
    expect(outcomes.toSorted()).toEqual(["CART_EMPTY", "no failure"]);
  });

  it.each(Object.entries(TEST_CARDS).map(([number, it]) => [it.brand, number, it.behaviour] as const))(
    "does with %s %s: %s",
    async (brand, number, behaviour) => {
      const user = mesh.as("customer");
      const placing = orders().placeOrder(purchase(number), user);
      const granted = behaviour === "ok" || behaviour === "slow";
      if (granted) {
        expect((await placing).order?.payment).toMatchObject({
          status: PaymentStatus.CAPTURED,
          cardBrand: brand,
          cardLast4: number.slice(-4),
        });
        return;
      }
      const error: unknown = await placing.catch((it: unknown) => it);
      expect(isFailure(error, ErrorReasonSchema, ErrorReason.PAYMENT_DECLINED)).toBe(true);
      expect(failureMetadata(error)).toMatchObject({
        decline_code: behaviour === "late_decline" ? "generic_decline" : behaviour,
      });
      const [cancelled] = (await orders().listOrders({}, user)).orders;
      expect(cancelled).toMatchObject({
        status: OrderStatus.CANCELLED,
        cancelReason: CancelReason.PAYMENT_DECLINED,
        payment: { status: PaymentStatus.DECLINED },
      });
      expect(neighbours.stock).toBe(1_000);
    },
  );

  it.each([
    ["a real card", card("4929000000006"), "CARD_INVALID"],
    ["an expired card", card("4242424242424242", 2020), "CARD_INVALID"],
  ])("refuses %s before anything happens", async (_, paymentMethod, reason) => {
    const user = mesh.as("customer");
    expect(await reasonOf(orders().placeOrder({ ...purchase(), paymentMethod }, user))).toBe(reason);
    expect((await orders().listOrders({}, user)).orders).toEqual([]);
  });

  it("says why nothing was bought: an empty cart, too little stock, another total", async () => {
    neighbours.cartLines = {};
    expect(await reasonOf(orders().placeOrder(purchase(), mesh.as("customer")))).toBe("CART_EMPTY");
    neighbours.cartLines = { lamp: 2 };
    neighbours.stock = 1;
    expect(await reasonOf(orders().placeOrder(purchase(), mesh.as("customer")))).toBe("OUT_OF_STOCK");
    neighbours.stock = 10;
    const expectedTotal = { currencyCode: "EUR", minorUnits: 4_000n };
    expect(await reasonOf(orders().placeOrder({ ...purchase(), expectedTotal }, mesh.as("customer")))).toBe(
      "PRICE_CHANGED",
    );
    expect(neighbours.stock).toBe(10);
  });

  it("keeps nobody else waiting while banks are slow", async () => {
    const { user, order: placed } = await place();
    const slow = Array.from({ length: 20 }, () => place("4000000000007726"));
    // All their pieces are held: all are at the bank by now, or about to be.
    await expect.poll(() => neighbours.stock).toBe(1_000 - 2 - 20 * 2);
    await orders().getOrder({ orderId: placed.orderId }, user);
    await Promise.all(slow);
  });

  it("is answered as pending when a neighbour stumbles again and again, and goes on by itself", async () => {
    neighbours.failReservations = 4;
    const { order: placed, user } = await place();
    expect(placed.status).toBe(OrderStatus.PENDING);
    const status = async () => (await orders().getOrder({ orderId: placed.orderId }, user)).order?.status;
    await expect.poll(status, { timeout: 15_000 }).toBe(OrderStatus.PROCESSING);
  });

  it("goes on by itself when a neighbour stumbles", async () => {
    neighbours.failConfirmations = 2;
    const { order: placed } = await place();
    await expect.poll(() => neighbours.calls, { timeout: 15_000 }).toContain(`clear ${placed.orderId}`);
  });
});

it("counts orders and money where dashboards look", async () => {
  await place();
  const metrics = await (await fetch(`${mesh.url("order")}/metrics`)).text();
  expect(metrics).toMatch(/shop_orders_total\{event="paid",workload="order"\} [1-9]/);
  expect(metrics).toMatch(/shop_order_money_minor_units_total\{currency="EUR",direction="in",workload="order"\} [1-9]/);
});

describe("an order", () => {
  it("is nobody's business but its buyer's and an administrator's", async () => {
    const { user, order: placed } = await place();
    const { orderId } = placed;
    const stranger = mesh.as("customer");
    const watch = async (as: typeof user) => {
      for await (const _ of orders().watchOrder({ orderId }, as)) return;
    };
    for (const attempt of [
      () => orders().getOrder({ orderId }, stranger),
      () => orders().cancelOrder({ orderId }, stranger),
      () => payments().getPayment({ orderId }, stranger),
      () => watch(stranger),
    ]) {
      expect(await reasonOf(attempt())).toBe("ORDER_NOT_FOUND");
    }
    expect((await orders().listOrders({}, stranger)).orders).toEqual([]);
    for (const foreign of [{ userId: user.userId }, { allUsers: true }]) {
      const error: unknown = await orders()
        .listOrders(foreign, stranger)
        .catch((it: unknown) => it);
      expect(isFailure(error, CallReasons, CallReason.USER_NOT_ALLOWED)).toBe(true);
    }
    const admin = mesh.as("admin");
    expect((await orders().getOrder({ orderId }, admin)).order?.orderId).toBe(orderId);
    expect((await orders().listOrders({ userId: user.userId }, admin)).orders).toHaveLength(1);
  });

  it("can be cancelled until it is shipped; the money goes back, the stock too", async () => {
    const { user, order: placed } = await place();
    const { orderId } = placed;
    const { order: cancelled } = await orders().cancelOrder({ orderId }, user);
    expect(cancelled).toMatchObject({
      status: OrderStatus.CANCELLED,
      cancelReason: CancelReason.REQUESTED_BY_CUSTOMER,
      payment: { status: PaymentStatus.REFUNDED, refunded: { minorUnits: 4_490n } },
    });
    expect(neighbours.stock).toBe(1_000);
    expect((await orders().cancelOrder({ orderId }, user)).order?.etag).toBe(cancelled?.etag);
    const shipped = await place();
    const admin = mesh.as("admin");
    await ship(shipped.order.orderId);
    expect(await reasonOf(orders().cancelOrder({ orderId: shipped.order.orderId }, shipped.user))).toBe(
      "STATUS_CONFLICT",
    );
    expect(await reasonOf(orders().updateOrderStatus({ orderId, status: OrderStatus.SHIPPED }, admin))).toBe(
      "STATUS_CONFLICT",
    );
  });

  async function ship(orderId: string) {
    const attempt = () => orders().updateOrderStatus({ orderId, status: OrderStatus.SHIPPED }, mesh.as("admin"));
    await expect
      .poll(() =>
        attempt().then(
          (it) => it.order?.status,
          () => undefined,
        ),
      )
      .toBe(OrderStatus.SHIPPED);
  }

  it("is followed live to the door, also after the connection broke", async () => {
    const { user, order: placed } = await place();
    const { orderId } = placed;
    const broken = new AbortController();
    const seen: OrderStatus[] = [];
    const follow = async (signal?: AbortSignal) => {
      for await (const { order: now } of orders().watchOrder(
        { orderId: orderId.toUpperCase() },
        { ...user, ...(signal && { signal }) },
      ))
        seen.push(now?.status ?? 0);
    };
    const first = follow(broken.signal).catch(() => {});
    await expect.poll(() => seen.at(-1)).toBe(OrderStatus.PROCESSING);
    await ship(orderId);
    await expect.poll(() => seen.at(-1)).toBe(OrderStatus.SHIPPED);
    broken.abort();
    await first;
    const second = follow();
    await orders().updateOrderStatus({ orderId, status: OrderStatus.DELIVERED }, mesh.as("admin"));
    await second; // ends by itself: nothing more can change
    expect(seen.at(-1)).toBe(OrderStatus.DELIVERED);
  });

  it("is listed page by page, newest first, by status", async () => {
    const user = mesh.as("customer");
    const placed: string[] = [];
    for (let count = 0; count < 5; count++) placed.unshift((await place(undefined, user)).order.orderId);
    const listed: string[] = [];
    let pageToken = "";
    do {
      const page = await orders().listOrders({ pageSize: 2, pageToken }, user);
      listed.push(...page.orders.map((it) => it.orderId));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(listed).toEqual(placed);
    expect((await orders().listOrders({ status: OrderStatus.CANCELLED }, user)).orders).toEqual([]);
    const { nextPageToken } = await orders().listOrders({ pageSize: 2 }, user);
    expect(await reasonOf(orders().listOrders({ pageToken: nextPageToken }, mesh.as("customer")))).toBe(
      "PAGE_TOKEN_INVALID",
    );
    const forged = [9e15, -1, 0.5, "now"].map((time) => JSON.stringify([time, randomUUID(), `${user.userId} 0`]));
    for (const token of ["nonsense", ...forged]) {
      const pageToken = Buffer.from(token).toString("base64url");
      expect(await reasonOf(orders().listOrders({ pageToken }, user)), token).toBe("PAGE_TOKEN_INVALID");
    }
  });
});

describe("a refund", () => {
  it("sends money back once for each request id, never more than was paid", async () => {
    const { order: placed } = await place();
    const { orderId } = placed;
    const admin = mesh.as("admin");
    const amount = (minorUnits: bigint) => ({ currencyCode: "EUR", minorUnits });
    const request = { orderId, requestId: randomUUID(), amount: amount(1_000n) };
    for (let again = 0; again < 3; again++) {
      const { payment } = await payments().refundPayment(request, admin);
      expect(payment).toMatchObject({ status: PaymentStatus.PARTIALLY_REFUNDED, refunded: { minorUnits: 1_000n } });
    }
    expect(
      await reasonOf(payments().refundPayment({ orderId, requestId: randomUUID(), amount: amount(3_491n) }, admin)),
    ).toBe("REFUND_TOO_LARGE");
    const elsewhere = { orderId: (await place()).order.orderId };
    for (const other of [{ amount: amount(999n) }, elsewhere])
      expect(await reasonOf(payments().refundPayment({ ...request, ...other }, admin))).toBe("REQUEST_ID_REUSED");
    const yen = { currencyCode: "JPY", minorUnits: 100n };
    const error: unknown = await payments()
      .refundPayment({ orderId, requestId: randomUUID(), amount: yen }, admin)
      .catch((it: unknown) => it);
    expect(isFailure(error, CallReasons, CallReason.INVALID_INPUT)).toBe(true);
    const rest = await payments().refundPayment({ orderId, requestId: randomUUID() }, admin);
    expect(rest.payment).toMatchObject({ status: PaymentStatus.REFUNDED, refunded: { minorUnits: 4_490n } });
  });
});
