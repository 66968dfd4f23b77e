import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Mongo, openMongo } from "#kit/mongo/client.ts";
import { migrateMongo } from "#kit/mongo/migrate.ts";
import { testMongo } from "#kit/testing/engines/shared.ts";
import { addProduct } from "./store.contract.ts";
import type { AdjustmentDocument, ProductDocument, ReservationDocument } from "./store.mongo.documents.ts";
import { MIGRATIONS } from "./store.mongo.migrations.ts";
import { createMongoStore } from "./store.mongo.ts";
import type { ProductStore } from "./store.ts";
import { createCrashingMongo } from "./testing/crashing-mongo.ts";
import { type Interception, interceptMongo } from "./testing/intercepted-mongo.ts";

const WORK_MS = 2_000;
const TIMES = { workMs: WORK_MS, clockSkewMs: 100, giveBackMs: 100 };
const LONG_OVER_MS = WORK_MS + 150;
const STOCK = 10;
const DELTA = 5;
const HOLD_MS = 600_000;

const log = pino({ level: "silent" });
let mongo: Mongo;
let store: ProductStore;
beforeAll(async () => {
  const url = await testMongo();
  await migrateMongo({ url, workload: "product", migrations: MIGRATIONS, log });
  mongo = openMongo({ url, workload: "product", log });
  store = createMongoStore({ mongo, log, times: TIMES });
});
afterAll(() => mongo?.close());

const storeWith = (...interceptions: Interception[]) =>
  createMongoStore({ mongo: interceptMongo(mongo, ...interceptions), log, times: TIMES });

/** Something that comes to a place and waits there until it may go on. */
function createGate() {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    open: () => opened.resolve(),
    async pass() {
      reached.resolve();
      await opened.promise;
    },
  };
}

async function createAdjustment() {
  const { productId } = await addProduct(store, STOCK);
  return { requestId: randomUUID(), productId, delta: DELTA };
}
const productOf = (_id: string) => mongo.collection<ProductDocument>("products").findOne({ _id });
const recordOf = (_id: string) => mongo.collection<AdjustmentDocument>("adjustments").findOne({ _id });

describe("an adjustment", () => {
  it("that is repeated while it is settled is made once", async () => {
    const adjustment = await createAdjustment();
    // The change is made, and the process ends before it says so.
    const crashing = createCrashingMongo(mongo, 3, "before");
    const first = createMongoStore({ mongo: { ...crashing, db: mongo.db }, log, times: TIMES });
    await expect(first.adjust(adjustment)).rejects.toThrow();
    expect(await productOf(adjustment.productId)).toMatchObject({ stock: STOCK + DELTA });
    await sleep(LONG_OVER_MS);

    const gate = createGate();
    const repeating = storeWith({ collection: "products", operation: "findOneAndUpdate", before: gate.pass });
    let repeat: Promise<number> | undefined;
    const sweeping = storeWith({
      collection: "adjustments",
      operation: "updateOne",
      async before() {
        repeat ??= repeating.adjust(adjustment);
        await gate.reached;
      },
    });
    await sweeping.expire(100);
    gate.open();
    expect(await repeat).toBe(STOCK + DELTA);
    expect(await productOf(adjustment.productId)).toMatchObject({ stock: STOCK + DELTA, adjusted: DELTA });
    await sleep(LONG_OVER_MS);
    await store.expire(100);
    expect(await productOf(adjustment.productId)).toMatchObject({ stock: STOCK + DELTA, marks: [] });
  });

  it("keeps the time that a repeat has given it", async () => {
    const adjustment = await createAdjustment();
    const gate = createGate();
    const slow = storeWith({ collection: "adjustments", operation: "updateOne", before: gate.pass });
    const first = slow.adjust(adjustment);
    await gate.reached;
    await sleep(20);
    await store.adjust(adjustment);
    const renewed = await recordOf(adjustment.requestId);
    gate.open();
    await first;
    expect(await recordOf(adjustment.requestId)).toMatchObject({ state: "applied", until: renewed?.until });
  });
});

describe("a reservation that cannot be ended", () => {
  it("keeps nothing else from being ended", async () => {
    const { productId } = await addProduct(store, STOCK * 2);
    const orderIds = Array.from({ length: 12 }, () => randomUUID());
    for (const it of orderIds) await store.reserve(it, [{ productId, quantity: 1 }], 0);
    const [stuck] = orderIds;
    const paid = randomUUID();
    await store.reserve(paid, [{ productId, quantity: 1 }], HOLD_MS);
    await store.confirm(paid);
    await sleep(LONG_OVER_MS);
    const sweeping = storeWith({
      collection: "reservations",
      operation: "findOneAndUpdate",
      async before(filter) {
        if ((filter as ReservationDocument)._id === stuck) throw new Error("stuck");
      },
    });
    await expect(sweeping.expire(100)).rejects.toThrow("stuck");
    const product = await productOf(productId);
    expect(product).toMatchObject({ sold: 1, stock: STOCK * 2 - 2 });
    expect(product?.holds.filter((it) => it.quantity > 0)).toMatchObject([{ orderId: stuck }]);
    await store.expire(100);
    expect(await productOf(productId)).toMatchObject({ sold: 1, stock: STOCK * 2 - 1 });
  });
});
