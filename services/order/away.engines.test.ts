import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { isFailure } from "#kit/failure.ts";
import { startPostgres15 } from "#kit/testing/engines/postgres15.ts";
import type { TestServer } from "#kit/testing/engines/server.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main as order } from "./main.ts";
import { createNeighbours, type Neighbours } from "./testing/neighbours.ts";
import { purchase } from "./testing/purchase.ts";

const BUYERS = 10;

let server: TestServer;
let neighbours: Neighbours;
let mesh: TestMesh;
beforeAll(async () => {
  server = await startPostgres15();
  neighbours = createNeighbours();
  const { auth, cart, product } = neighbours;
  const env = { SIMULATE_FULFILMENT: "false" };
  mesh = await startTestMesh({ auth, cart, product, order }, { env, postgresUrl: server.url });
});
afterAll(async () => {
  await mesh?.close();
  await server?.close();
});

const isAway = (error: unknown) => isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE);

describe("while order's PostgreSQL", () => {
  it.each<[string, () => Promise<void>, () => Promise<void>]>([
    ["hangs", () => server.pause(), () => server.resume()],
    ["is killed", () => server.kill(), () => server.restart()],
  ])(
    "%s, purchases are refused clearly or go on later; asked for again, each is bought once",
    { timeout: 120_000 },
    async (_, fail, mend) => {
      const orders = mesh.client(OrderService);
      let stop = false;
      let refused = 0;
      const others: unknown[] = [];
      const bought = new Map<string, Set<string>>();
      /** Buys, asking again with the same request until there is an order. */
      const buy = async () => {
        const [user, request] = [mesh.as("customer"), purchase()];
        while (!bought.has(request.requestId)) {
          try {
            const { order: placed } = await orders.placeOrder(request, user);
            bought.set(request.requestId, new Set([placed?.orderId ?? ""]));
          } catch (error) {
            if (isAway(error)) refused += 1;
            else others.push(error);
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }
        const { orders: all } = await orders.listOrders({}, user).catch(() => ({ orders: undefined }));
        for (const it of all ?? []) bought.get(request.requestId)?.add(it.orderId);
      };
      const buyer = async () => {
        while (!stop) await buy();
      };
      const running = Promise.all(Array.from({ length: BUYERS }, buyer));
      await expect.poll(() => bought.size).toBeGreaterThan(BUYERS);
      await fail();
      await expect.poll(() => refused).toBeGreaterThan(BUYERS);
      const ready = await fetch(`${mesh.url("order")}/ready`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringMatching(/^Its store failed: /)]);
      const before = bought.size;
      await mend();
      await expect.poll(() => bought.size).toBeGreaterThan(before + BUYERS * 2);
      stop = true;
      await running;
      expect(others).toEqual([]);
      for (const ids of bought.values()) expect(ids.size).toBe(1);
      expect((await fetch(`${mesh.url("order")}/ready`)).status).toBe(200);
      // What was under way goes on by itself: in the end each is paid, and each reservation confirmed once.
      const all = [...bought.values()].flatMap((it) => [...it]);
      const admin = mesh.as("admin");
      await expect
        .poll(
          async () => {
            const states = await Promise.all(
              all.map(async (orderId) => (await orders.getOrder({ orderId }, admin)).order),
            );
            return states.filter((it) => it?.status !== OrderStatus.PROCESSING).length;
          },
          { timeout: 40_000, interval: 500 },
        )
        .toBe(0);
    },
  );

  it("is away, who watches an order hears of its next change when it is back", { timeout: 60_000 }, async () => {
    const [orders, user] = [mesh.client(OrderService), mesh.as("customer")];
    const { order: placed } = await orders.placeOrder(purchase(), user);
    const orderId = placed?.orderId ?? "";
    const seen: OrderStatus[] = [];
    const watching = (async () => {
      for await (const { order: it } of orders.watchOrder({ orderId }, user)) if (it) seen.push(it.status);
    })().catch((error: unknown) => expect(isAway(error)).toBe(true));
    await expect.poll(() => seen.at(-1)).toBe(OrderStatus.PROCESSING);
    await server.restart();
    await expect.poll(() => orders.cancelOrder({ orderId }, user).catch(() => undefined)).toBeDefined();
    await expect.poll(() => seen.at(-1)).toBe(OrderStatus.CANCELLED);
    await watching;
  });
});
