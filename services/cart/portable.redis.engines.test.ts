import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Json } from "#kit/portable/canonical.ts";
import type { Entry } from "#kit/portable/collection.ts";
import { openBareRedis } from "#kit/redis/bare.ts";
import { readRedis } from "#kit/redis/settings.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { startRedisCluster } from "#kit/testing/engines/redis-cluster.ts";
import type { PortableCart, PortablePurchase } from "./portable.records.ts";
import { redisCollections } from "./portable.redis.ts";

const HOUR_MS = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();

const entry = (key: string, value: object): Entry => ({ key, value: value as Json });
const byKey = (entries: readonly Entry[]) => entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));

async function readAll(collection: { read(): AsyncIterable<readonly Entry[]> }): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entries of collection.read()) all.push(...entries);
  return byKey(all);
}

describe.each([
  ["one server", startRedis],
  ["a Cluster", startRedisCluster],
] as const)("carts as records, on %s", (_, start) => {
  it("are read as they were written, and go", async () => {
    const server = await start();
    const settings = readRedis({ REDIS_URL: server.url });
    if (settings === undefined) throw new Error("no Redis");
    const redis = await openBareRedis(settings);
    try {
      const owners = Array.from({ length: 50 }, () => randomUUID());
      const carts = owners.map((owner, index): Entry => {
        const lines = Array.from({ length: index % 3 }, (_, line) => ({ productId: `p${line}`, quantity: line + 1 }));
        const cart: PortableCart = {
          owner,
          expireTime: inHours(index + 1),
          requestIds: index % 2 ? [owner] : [],
          lines,
        };
        return entry(owner, cart);
      });
      const orders = new Map(
        owners.flatMap((owner) => [[randomUUID(), owner] as const, [randomUUID(), owner] as const]),
      );
      const purchases = [...orders].map(([orderId, owner], index) =>
        entry(orderId, { orderId, owner, expireTime: inHours(index + 1) } satisfies PortablePurchase),
      );
      const known = async (ids: readonly string[]) => new Map([...orders].filter(([id]) => ids.includes(id)));
      const [cartsThere, purchasesThere] = redisCollections(redis, known);
      if (cartsThere === undefined || purchasesThere === undefined) throw new Error("no collections");
      // Others' keys are nobody's business.
      await redis.client.set(redis.key("cart"), "{}");
      await redis.client.set("cart:{x}", "{}");
      for (const [collection, records] of [
        [cartsThere, carts],
        [purchasesThere, purchases],
      ] as const) {
        await collection.put(records);
        await collection.put(records.slice(0, 3));
        expect(await readAll(collection)).toEqual(byKey(records));
        const some = records.slice(10, 20);
        expect(byKey(await collection.get([...some.map((it) => it.key), randomUUID()]))).toEqual(byKey(some));
        await collection.remove(some.map((it) => it.key));
        expect(await collection.get(some.map((it) => it.key))).toEqual([]);
        expect(await readAll(collection)).toHaveLength(records.length - some.length);
      }
    } finally {
      redis.close();
      await server.close();
    }
  });
});

it("counts lines on their way into another cart where they have not arrived as still there", async () => {
  const server = await startRedis();
  const settings = readRedis({ REDIS_URL: server.url });
  if (settings === undefined) throw new Error("no Redis");
  const redis = await openBareRedis(settings);
  try {
    const [from, into] = [randomUUID(), randomUUID()];
    const leaving = {
      id: "h1",
      merge: "m1",
      into,
      lines: [
        ["desk", 98],
        ["lamp", 1],
      ],
    };
    const cart = JSON.stringify({ lines: [["desk", 2]], leaving });
    await redis.client.set(redis.key("cart", `{${from}}`), cart, "PX", HOUR_MS);
    const [carts] = redisCollections(redis, async () => new Map());
    const lines = async () => {
      const [found] = (await carts?.get([from])) ?? [];
      return (found?.value as unknown as PortableCart | undefined)?.lines;
    };
    expect(await lines()).toEqual([
      { productId: "desk", quantity: 99 },
      { productId: "lamp", quantity: 1 },
    ]);
    await redis.client.zadd(`${redis.key("cart", `{${into}}`)}:done`, Date.now() + HOUR_MS, "merge:h1");
    expect(await lines()).toEqual([{ productId: "desk", quantity: 2 }]);
  } finally {
    redis.close();
    await server.close();
  }
});
