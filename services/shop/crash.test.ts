import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { createMain as createAuthMain } from "../auth/main.ts";
import { main as cart } from "../cart/main.ts";
import { main as product } from "../product/main.ts";
import { ADDRESS, card, seedProduct } from "./testing/purchase.ts";

const CHILD = fileURLToPath(new URL("./testing/crash-child.ts", import.meta.url));
const INITIAL_STOCK = 1_000;
const MOMENTS_MAX = 60;

let mesh: TestMesh;
let database: pg.Client;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  mesh = await startTestMesh({
    auth: createAuthMain({ passwordCost: 4, onAdministratorCreated: () => {} }),
    product,
    cart,
  });
  database = new pg.Client({ connectionString: mesh.postgresUrl });
  await database.connect();
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await database.end();
  await mesh.close();
});

async function startOrder(crashAt: number) {
  const env = {
    ...process.env,
    CRASH_AT: `${crashAt}`,
    DATA_DIR: mesh.shared.settings.dataDir,
    POSTGRES_URL: mesh.postgresUrl,
    LOG_LEVEL: "silent",
    SIMULATE_FULFILMENT: "false",
    ORDER_PORT: "0",
    PRODUCT_URL: mesh.url("product"),
    CART_URL: mesh.url("cart"),
    AUTH_URL: mesh.url("auth"),
  };
  const child = spawn(process.execPath, [CHILD], { env, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, "exit").then(() => children.delete(child));
  const [line] = (await Promise.race([
    once(child.stdout, "data"),
    ended.then(() => Promise.reject(new Error(errors))),
  ])) as [Buffer];
  const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${line.toString().trim()}` });
  return { child, ended, orders: createClient(OrderService, transport), killed: () => errors.trim() };
}

async function row<T>(sql: string, values: unknown[] = []): Promise<T> {
  return (await database.query(sql, values)).rows[0] as T;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("It did not come to rest in 15 seconds");
}

const allDone = async () =>
  Number((await row<{ count: number }>(`SELECT count(*) FROM "order".orders WHERE step <> 'done'`)).count) === 0;

/** What must hold for ever, whatever was killed when. */
async function checkInvariants(productId: string): Promise<void> {
  const stock = await row<{ stock: number; held: number; sold: number }>(
    `SELECT p.stock,
       (SELECT coalesce(sum(l.quantity), 0) FROM product.reservation_lines l JOIN product.reservations r USING (order_id) WHERE l.product_id = $1 AND r.state = 'held') AS held,
       (SELECT coalesce(sum(l.quantity), 0) FROM product.reservation_lines l JOIN product.reservations r USING (order_id) WHERE l.product_id = $1 AND r.state = 'confirmed') AS sold
     FROM product.products p WHERE p.product_id = $1`,
    [productId],
  );
  expect(stock.stock + Number(stock.held) + Number(stock.sold)).toBe(INITIAL_STOCK);
  // Each paid order was charged its total once, and nobody else was charged anything.
  const wrong = await row<{ count: number }>(
    `SELECT count(*) FROM "order".orders o FULL JOIN "order".sandbox_charges c USING (order_id)
     WHERE CASE WHEN o.status IN (2, 3, 4) THEN c.status IS DISTINCT FROM 'captured' OR c.refunded <> 0 OR c.amount <> (o.document->'total'->>'minorUnits')::bigint
                ELSE c.status = 'authorized' OR (c.status = 'captured' AND c.refunded <> c.amount) END`,
  );
  expect(Number(wrong.count)).toBe(0);
}

/** Buys with a process that dies at a moment, starts another one, and checks how things stand. Answers where it died. */
async function purchase(
  productId: string,
  crashAt: number,
  number: string,
  expected: "processing" | "cancelled",
): Promise<string> {
  const signedUp = await mesh
    .client(AuthService)
    .signUp({ email: `${randomUUID()}@example.com`, password: "correct horse", displayName: "Ada" });
  const user = { headers: { authorization: `Bearer ${signedUp.accessToken?.token}` } };
  await mesh.client(CartService).addItem({ productId, quantity: 2 }, user);
  const request = { requestId: randomUUID(), shippingAddress: ADDRESS, paymentMethod: card(number) };

  const first = await startOrder(crashAt);
  await first.orders.placeOrder(request, user).catch(() => {});
  // The buyer has an answer before the last steps are taken.
  await Promise.race([first.ended, until(allDone)]);
  first.child.kill("SIGTERM");
  await first.ended;

  // Time passes: the dead process' hold on its order ends.
  await database.query(`UPDATE "order".orders SET due_at = now() WHERE step <> 'done'`);
  const second = await startOrder(0);
  await until(allDone);
  await checkInvariants(productId);
  // The buyer does not know how it ended, and presses the button again.
  const again = await second.orders.placeOrder(request, user).then(
    () => "processing",
    () => "cancelled",
  );
  expect(again, first.killed()).toBe(expected);
  await until(allDone);
  await checkInvariants(productId);
  const { orders } = await second.orders.listOrders({}, user);
  expect(orders).toHaveLength(1);
  const { cart: left } = await mesh.client(CartService).getCart({}, user);
  expect(left?.itemCount).toBe(expected === "processing" ? 0 : 2);
  second.child.kill("SIGTERM");
  await second.ended;
  return first.killed();
}

describe("a checkout whose process is killed", () => {
  it.each([
    ["4242424242424242", "processing"],
    ["4000000000000341", "cancelled"],
  ] as const)(
    "at any moment, with card %s, ends as if it had not been",
    { timeout: 280_000 },
    async (number, expected) => {
      const productId = `crash-${expected}`;
      await seedProduct(mesh, productId, INITIAL_STOCK);
      const places: string[] = [];
      for (let crashAt = 1; crashAt <= MOMENTS_MAX; crashAt++) {
        const place = await purchase(productId, crashAt, number, expected);
        if (place === "") break;
        places.push(place);
      }
      // Every write of the checkout was a place to die at.
      const writes =
        expected === "processing"
          ? ["payments.capture", "products.confirmReservation", "carts.removePurchased"]
          : ["payments.cancel", "products.releaseReservation"];
      for (const write of ["store.create", "products.reserveStock", "payments.authorize", "store.save", ...writes]) {
        expect(places).toContain(`killed before ${write}`);
        expect(places).toContain(`killed after ${write}`);
      }
    },
  );
});
