import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { isFailure } from "#kit/failure.ts";
import { type Mongo, openMongo } from "#kit/mongo/client.ts";
import { migrateMongo } from "#kit/mongo/migrate.ts";
import { type MongoSet, startMongo } from "#kit/testing/engines/mongo.ts";
import { addProduct } from "./store.contract.ts";
import type { ProductDocument, ReservationDocument } from "./store.mongo.documents.ts";
import { MIGRATIONS } from "./store.mongo.migrations.ts";
import { createMongoStore } from "./store.mongo.ts";
import type { ProductStore, StockLine } from "./store.ts";

const TIMES = { workMs: 2_000, clockSkewMs: 500, giveBackMs: 500 };
const PRODUCTS = 4;
const STOCK = 1_000;
const BUYERS = 12;
const BEFORE_MS = 1_000;
const AFTER_MS = 4_000;
const HOLD_MS = 600_000;

let set: MongoSet;
let mongo: Mongo;
let store: ProductStore;
beforeAll(async () => {
  const log = pino({ level: "silent" });
  set = await startMongo({ members: 3 });
  await migrateMongo({ url: set.url, workload: "product", migrations: MIGRATIONS, log });
  mongo = openMongo({ url: set.url, workload: "product", log });
  store = createMongoStore({ mongo, log, times: TIMES });
}, 120_000);
afterAll(async () => {
  await mongo?.close();
  await set?.close();
});

/** What an order was told last: that it holds, or bought, its pieces, or that it gave them back. */
type Told = "held" | "confirmed" | "released";

/** Asks until there is an answer, as the checkout does. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE)) throw error;
      await sleep(100);
    }
  }
}

/** Buys and gives back until it is told to stop; what became of each order. */
async function shop(
  productIds: readonly string[],
  over: AbortSignal,
  orders: Map<string, [Told, readonly StockLine[]]>,
) {
  for (let round = 0; !over.aborted; round++) {
    const orderId = randomUUID();
    const lines = productIds.slice(round % 2, (round % 2) + 2).map((productId) => ({ productId, quantity: 1 }));
    const tell = (told: Told) => orders.set(orderId, [told, lines]);
    await insist(() => store.reserve(orderId, lines, HOLD_MS));
    tell("held");
    if (round % 3 === 0) continue;
    expect(await insist(() => store.confirm(orderId))).toBe(true);
    tell("confirmed");
    if (round % 3 === 1) continue;
    await insist(() => store.release(orderId));
    tell("released");
  }
}

describe("a primary that is killed in mid-load", () => {
  it("is followed by another, and nothing that was answered is lost or done twice", { timeout: 180_000 }, async () => {
    const productIds = await Promise.all(
      Array.from({ length: PRODUCTS }, async () => (await addProduct(store, STOCK)).productId),
    );
    const orders = new Map<string, [Told, readonly StockLine[]]>();
    const over = new AbortController();
    const shopping = Array.from({ length: BUYERS }, (_, buyer) =>
      shop([...productIds.slice(buyer % 2), ...productIds], over.signal, orders),
    );
    await sleep(BEFORE_MS);
    const primary = await set.primary();
    const answeredBefore = orders.size;
    await primary.kill();
    await set.primary();
    await sleep(AFTER_MS);
    over.abort();
    await Promise.all(shopping);
    expect(answeredBefore).toBeGreaterThan(0);
    expect(orders.size).toBeGreaterThan(answeredBefore);
    await primary.restart(); // with what nobody else has, which it must undo

    const reservations = mongo.collection<ReservationDocument>("reservations");
    const open = { "next.step": { $exists: true, $ne: "expire" as const } };
    await expect
      .poll(
        async () => {
          await insist(() => store.expire(100));
          return insist(() => mongo.run(() => reservations.countDocuments(open)));
        },
        { timeout: 60_000 },
      )
      .toBe(0);

    const states = new Map((await reservations.find().toArray()).map((it) => [it._id, it.state]));
    const expected = new Map(productIds.map((it) => [it, { held: 0, sold: 0 }]));
    for (const [orderId, [told, lines]] of orders) {
      expect(states.get(orderId)).toBe(told);
      for (const { productId } of lines) {
        const books = expected.get(productId);
        if (books !== undefined && told !== "released") books[told === "held" ? "held" : "sold"] += 1;
      }
    }
    for (const product of await mongo.collection<ProductDocument>("products").find().toArray()) {
      const held = product.holds.reduce((sum, it) => sum + it.quantity, 0);
      const { held: wanted, sold } = expected.get(product._id) ?? { held: 0, sold: 0 };
      expect({ held, sold: product.sold, stock: product.stock }).toEqual({
        held: wanted,
        sold,
        stock: STOCK - wanted - sold,
      });
      expect(product.marks).toEqual([]);
    }
  });
});

describe("a set that has lost its majority", () => {
  it("goes on showing products, takes no order, and takes them again when it is back", {
    timeout: 180_000,
  }, async () => {
    const { productId, categoryId } = await addProduct(store, STOCK);
    const lines = [{ productId, quantity: 1 }];
    const reserve = () => store.reserve(randomUUID(), lines, HOLD_MS).then(() => "held");
    const reasonOf = (work: Promise<unknown>) =>
      work.catch((error: unknown) => (error as { reason?: unknown }).reason ?? error);
    const lost = set.members.slice(0, 2);
    for (const it of lost) await it.kill();
    await expect.poll(() => reasonOf(reserve()), { timeout: 30_000 }).toBe("DEPENDENCY_UNAVAILABLE");
    const list = () => store.list({ filter: { categoryId, inStockOnly: true }, order: "popular", limit: 10 });
    const browse = async () => [
      (await list()).totalSize,
      (await store.find([productId])).length,
      (await store.listCategories()).length > 0,
    ];
    await expect.poll(() => reasonOf(browse()), { timeout: 30_000 }).toEqual([1, 1, true]);
    // The circuit of the writes is open by now; what people look at has one of its own.
    for (let times = 0; times < 10; times++) await reasonOf(reserve());
    expect(await browse()).toEqual([1, 1, true]);
    for (const it of lost) await it.restart();
    await expect.poll(() => reasonOf(reserve()), { timeout: 60_000 }).toBe("held");
  });
});
