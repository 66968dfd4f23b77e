import type { Json } from "#kit/portable/canonical.ts";
import type { Collection, Entry } from "#kit/portable/collection.ts";
import type { BareRedis } from "#kit/redis/bare.ts";
import { COLLECTIONS, expireMs, type PortableCart, type PortablePurchase } from "./portable.records.ts";
import type { RedisCart, StoredLines } from "./store.redis.carts.ts";
import { LINES_MAX, QUANTITY_MAX } from "./store.ts";

/** Finds whose orders these are: an owner for each order that is known. */
export type OwnersOf = (orderIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;

const ORDER = "order:";
const MERGE = "merge:";

/** What is in braces of a key: the owner. */
const ownerOf = (key: string) => key.slice(key.indexOf("{") + 1, key.indexOf("}"));
const cartKey = (redis: BareRedis, owner: string) => redis.key("cart", `{${owner}}`);
const doneKey = (redis: BareRedis, owner: string) => `${cartKey(redis, owner)}:done`;

/** A cart's lines, with those of a merge that somebody did not finish: until they have arrived they are still here. */
async function linesOf(redis: BareRedis, { lines = [], leaving }: RedisCart): Promise<StoredLines> {
  if (leaving === undefined) return lines;
  const hasArrived = (await redis.client.zscore(doneKey(redis, leaving.into), MERGE + leaving.id)) !== null;
  if (hasArrived) return lines;
  const sums = new Map(leaving.lines);
  for (const [productId, quantity] of lines)
    sums.set(productId, Math.min(QUANTITY_MAX, (sums.get(productId) ?? 0) + quantity));
  return [...sums].slice(0, LINES_MAX);
}

async function readCart(redis: BareRedis, key: string): Promise<Entry | undefined> {
  const [json, endMs] = await Promise.all([redis.client.get(key), redis.client.pexpiretime(key)]);
  if (json === null || endMs < 0) return undefined;
  const cart = JSON.parse(json) as RedisCart;
  const lines = await linesOf(redis, cart);
  const value: PortableCart = {
    owner: ownerOf(key),
    expireTime: new Date(endMs).toISOString(),
    requestIds: cart.requests ?? [],
    lines: lines.map(([productId, quantity]) => ({ productId, quantity })),
  };
  return { key: value.owner, value: value as unknown as Json };
}

async function writeCart(redis: BareRedis, { owner, expireTime, requestIds, lines }: PortableCart): Promise<void> {
  const stored: RedisCart = {
    ...(lines.length > 0 && { lines: lines.map((it) => [it.productId, it.quantity] as const) }),
    ...(requestIds.length > 0 && { requests: requestIds }),
  };
  await redis.client.set(cartKey(redis, owner), JSON.stringify(stored), "PXAT", Date.parse(expireTime));
}

const present = (entries: readonly (Entry | undefined)[]) => entries.filter((it) => it !== undefined);

function cartCollection(redis: BareRedis): Collection {
  return {
    name: COLLECTIONS.carts,
    version: 1,
    count: async () => undefined,
    async *read() {
      for await (const keys of redis.scan(redis.key("cart", "{*}"), "string")) {
        const entries = await Promise.all(keys.map((it) => readCart(redis, it)));
        yield present(entries);
      }
    },
    get: async (owners) => present(await Promise.all(owners.map((it) => readCart(redis, cartKey(redis, it))))),
    async put(entries) {
      await Promise.all(entries.map((it) => writeCart(redis, it.value as unknown as PortableCart)));
    },
    async remove(owners) {
      await Promise.all(owners.map((it) => redis.client.del(cartKey(redis, it))));
    },
    expireMs,
  };
}

function purchaseEntry(owner: string, orderId: string, endMs: number): Entry {
  const value: PortablePurchase = { orderId, owner, expireTime: new Date(endMs).toISOString() };
  return { key: orderId, value: value as unknown as Json };
}

async function readPurchases(redis: BareRedis, key: string): Promise<Entry[]> {
  const found = await redis.client.zrangebyscore(key, Date.now(), "+inf", "WITHSCORES");
  const entries: Entry[] = [];
  for (let at = 0; at < found.length; at += 2) {
    const id = found[at] ?? "";
    if (id.startsWith(ORDER)) entries.push(purchaseEntry(ownerOf(key), id.slice(ORDER.length), Number(found[at + 1])));
  }
  return entries;
}

async function writePurchase(redis: BareRedis, { orderId, owner, expireTime }: PortablePurchase): Promise<void> {
  const [key, endMs] = [doneKey(redis, owner), Date.parse(expireTime)];
  await redis.client.zadd(key, endMs, ORDER + orderId);
  // The key goes with the last of them.
  await redis.client.pexpireat(key, endMs, "NX");
  await redis.client.pexpireat(key, endMs, "GT");
}

function purchaseCollection(redis: BareRedis, ownersOf: OwnersOf): Collection {
  const { client } = redis;
  return {
    name: COLLECTIONS.purchases,
    version: 1,
    count: async () => undefined,
    async *read() {
      for await (const keys of redis.scan(redis.key("cart", "{*}:done"), "zset"))
        yield (await Promise.all(keys.map((it) => readPurchases(redis, it)))).flat();
    },
    async get(orderIds) {
      const owners = await ownersOf(orderIds);
      const find = async ([orderId, owner]: readonly [string, string]) => {
        const endMs = await client.zscore(doneKey(redis, owner), ORDER + orderId);
        return endMs === null ? undefined : purchaseEntry(owner, orderId, Number(endMs));
      };
      return present(await Promise.all([...owners].map(find)));
    },
    async put(entries) {
      await Promise.all(entries.map((it) => writePurchase(redis, it.value as unknown as PortablePurchase)));
    },
    async remove(orderIds) {
      const owners = await ownersOf(orderIds);
      await Promise.all([...owners].map(([orderId, owner]) => client.zrem(doneKey(redis, owner), ORDER + orderId)));
    },
    expireMs,
  };
}

/** What cart keeps in Redis. */
export function redisCollections(redis: BareRedis, ownersOf: OwnersOf): readonly Collection[] {
  return [cartCollection(redis), purchaseCollection(redis, ownersOf)];
}
