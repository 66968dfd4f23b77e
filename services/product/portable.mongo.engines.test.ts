import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { expect, it } from "vitest";
import { openBareMongo } from "#kit/mongo/bare.ts";
import { openMongo } from "#kit/mongo/client.ts";
import { migrateMongo } from "#kit/mongo/migrate.ts";
import { canonical } from "#kit/portable/canonical.ts";
import type { Collection, Entry } from "#kit/portable/collection.ts";
import { testMongo } from "#kit/testing/engines/shared.ts";
import { mongoCollections } from "./portable.mongo.ts";
import type { PortableProduct, PortableReservation } from "./portable.records.ts";
import { addProduct } from "./store.contract.ts";
import { collectionsOf } from "./store.mongo.collections.ts";
import type { ProductDocument } from "./store.mongo.documents.ts";
import { MIGRATIONS } from "./store.mongo.migrations.ts";
import { createMongoStore } from "./store.mongo.ts";

const log = pino({ level: "silent" });
const HOLD_MS = 60_000;

async function open() {
  const url = await testMongo();
  await migrateMongo({ url, workload: "product", migrations: MIGRATIONS, log });
  const mongo = openMongo({ url, workload: "product", log });
  const bare = openBareMongo(url, "product");
  const close = async () => {
    await bare.close();
    await mongo.close();
  };
  return { mongo, store: createMongoStore({ mongo, log }), bare, close };
}

async function readAll(collection: Collection): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entries of collection.read()) all.push(...entries);
  return all;
}

it("pieces that are on their way count for what the reservations say, and the books are right elsewhere", async () => {
  const one = await open();
  const two = await open();
  try {
    const { store } = one;
    const { productId } = await addProduct(store, 20);
    const reserve = async (quantity: number) => {
      const orderId = randomUUID();
      await store.reserve(orderId, [{ productId, quantity }], HOLD_MS);
      return orderId;
    };
    const held = await reserve(1);
    // Nobody sweeps here: what is sold is still among the holds.
    const sold = await reserve(2);
    await store.confirm(sold);
    const released = await reserve(4);
    await store.release(released);
    await store.adjust({ requestId: randomUUID(), productId, delta: 5 });
    await store.countSales(randomUUID(), [{ productId, quantity: 2 }]);

    const source = mongoCollections(collectionsOf(one.bare), one.bare.snapshot);
    const target = mongoCollections(collectionsOf(two.bare), {});
    for (const [index, from] of source.entries()) {
      const entries = await readAll(from);
      await target[index]?.put(entries);
      await target[index]?.put(entries.slice(0, 1));
    }
    for (const it of target) await it.finish?.();
    for (const [index, from] of source.entries()) {
      const [before, after] = [await readAll(from), await readAll(target[index] ?? from)];
      expect(after.map((it) => canonical(it.value))).toEqual(before.map((it) => canonical(it.value)));
    }
    const [, products, reservations] = target;
    expect((await products?.get([productId]))?.[0]?.value as unknown as PortableProduct).toMatchObject({
      stock: 22,
      soldCount: 2,
    });
    const states = (await reservations?.get([held, sold, released]))?.map(
      (it) => it.value as unknown as PortableReservation,
    );
    expect(new Map(states?.map((it) => [it.orderId, it.state]))).toEqual(
      new Map([
        [held, "held"],
        [sold, "confirmed"],
        [released, "released"],
      ]),
    );

    // It goes on there as if nothing had happened.
    await two.store.release(sold);
    await two.store.confirm(held);
    await two.store.expire(10);
    const document = await two.mongo.collection<ProductDocument>("products").findOne({ _id: productId });
    if (document === null) throw new Error("no product");
    const { stock, holds, sold: soldNow, initialStock, adjusted } = document;
    const taken = holds.reduce((sum, it) => sum + it.quantity, 0) + soldNow;
    expect({ stock, taken, initialStock, adjusted }).toEqual({ stock: 24, taken: 1, initialStock: 20, adjusted: 5 });
  } finally {
    await one.close();
    await two.close();
  }
});
