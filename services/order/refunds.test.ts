import { randomUUID } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { OrderEventSchema } from "#gen/shop/events/v1/order_event_pb.js";
import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import { PaymentService } from "#gen/shop/order/v1/payment_service_pb.js";
import { type Database, openDatabase } from "#kit/postgres/database.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { type Around, createMain } from "./main.ts";
import { createNeighbours } from "./testing/neighbours.ts";
import { purchase } from "./testing/purchase.ts";

let mesh: TestMesh;
let database: Database;
/** What happens between the provider's answer to a refund and its record. */
let beforeRecord = async () => {};

const around: Around = (name, part) =>
  name !== "payments"
    ? part
    : new Proxy(part, {
        get(target, key) {
          const method = Reflect.get(target, key) as (...args: unknown[]) => unknown;
          return async (...args: unknown[]) => {
            const answer = await method(...args);
            if (key === "refund") await beforeRecord();
            return answer;
          };
        },
      });

beforeAll(async () => {
  const { auth, cart, product } = createNeighbours();
  mesh = await startTestMesh(
    { auth, cart, product, order: createMain(around) },
    { env: { SIMULATE_FULFILMENT: "false" } },
  );
  database = openDatabase({ url: mesh.postgresUrl, schema: "order", log: mesh.shared.log });
});
afterAll(async () => {
  await database.close();
  await mesh.close();
});

const refund = (orderId: string, minorUnits?: bigint) =>
  mesh.client(PaymentService).refundPayment(
    {
      orderId,
      requestId: randomUUID(),
      ...(minorUnits !== undefined && { amount: { currencyCode: "EUR", minorUnits } }),
    },
    mesh.as("admin"),
  );

async function place(): Promise<string> {
  const { order } = await mesh.client(OrderService).placeOrder(purchase(), mesh.as("customer"));
  return order?.orderId ?? "";
}

/** Minor units that went back, as events told it; one that is just being relayed is in both places. */
async function toldRefunds(orderId: string): Promise<bigint> {
  const { rows } = await database.query<{ payload: Buffer }>(
    `SELECT payload FROM outbox WHERE subject = $1 UNION SELECT payload FROM events.records WHERE subject = $1`,
    [orderId],
  );
  const events = rows.map((it) => fromBinary(OrderEventSchema, it.payload).event);
  return events.reduce((sum, it) => sum + (it.case === "refunded" ? (it.value.amount?.minorUnits ?? 0n) : 0n), 0n);
}

it("of two refunds of everything at once one is refused, and not tried again for ever", async () => {
  const orderId = await place();
  const outcomes = await Promise.allSettled([refund(orderId), refund(orderId)]);
  expect(outcomes.map((it) => it.status).toSorted()).toEqual(["fulfilled", "rejected"]);
  const { rows } = await database.query(`SELECT FROM refunds WHERE order_id = $1 AND NOT done`, [orderId]);
  expect(rows).toHaveLength(0);
  expect(await toldRefunds(orderId)).toBe(4_490n);
});

it("an order cancelled while part of its money goes back: all of it goes back once, and is told once", async () => {
  const orderId = await place();
  beforeRecord = async () => {
    beforeRecord = async () => {};
    await mesh.client(OrderService).updateOrderStatus({ orderId, status: OrderStatus.CANCELLED }, mesh.as("admin"));
  };
  const { payment } = await refund(orderId, 1_000n);
  expect(payment).toMatchObject({ status: PaymentStatus.REFUNDED, refunded: { minorUnits: 4_490n } });
  expect(await toldRefunds(orderId)).toBe(4_490n);
});
