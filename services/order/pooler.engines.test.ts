import { afterAll, beforeAll, expect, it } from "vitest";
import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import { PaymentService } from "#gen/shop/order/v1/payment_service_pb.js";
import { describePostgres15 } from "#kit/postgres/testing.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main as order } from "./main.ts";
import { createNeighbours } from "./testing/neighbours.ts";
import { purchase } from "./testing/purchase.ts";

const BUYERS = 12;

describePostgres15((reach) => {
  let mesh: TestMesh;
  beforeAll(async () => {
    const { auth, cart, product } = createNeighbours();
    const { url, directUrl, pooler = "none" } = await reach();
    const env = {
      SIMULATE_FULFILMENT: "false",
      POSTGRES_URL: url,
      POSTGRES_POOLER: pooler,
      ...(directUrl !== undefined && { POSTGRES_DIRECT_URL: directUrl }),
    };
    mesh = await startTestMesh({ auth, cart, product, order }, { env, postgresUrl: url });
  });
  afterAll(() => mesh?.close());

  it("orders are placed, watched, listed, cancelled and refunded, many at once", { timeout: 60_000 }, async () => {
    const [orders, payments, admin] = [mesh.client(OrderService), mesh.client(PaymentService), mesh.as("admin")];
    const buy = async () => {
      const user = mesh.as("customer");
      const { order: placed } = await orders.placeOrder(purchase(), user);
      const orderId = placed?.orderId ?? "";
      const seen: OrderStatus[] = [];
      const watch = (async () => {
        for await (const { order: it } of orders.watchOrder({ orderId }, user)) if (it) seen.push(it.status);
      })();
      await expect.poll(() => seen.at(-1)).toBe(OrderStatus.PROCESSING);
      expect((await orders.listOrders({}, user)).orders.map((it) => it.orderId)).toEqual([orderId]);
      await orders.cancelOrder({ orderId }, user);
      await watch;
      expect(seen.at(-1)).toBe(OrderStatus.CANCELLED);
      expect((await payments.getPayment({ orderId }, user)).payment?.status).toBe(PaymentStatus.REFUNDED);
      return orderId;
    };
    const bought = await Promise.all(Array.from({ length: BUYERS }, buy));
    const all = await orders.listOrders({ allUsers: true, pageSize: 100 }, admin);
    expect(new Set(all.orders.map((it) => it.orderId))).toEqual(new Set(bought));
  });
});
