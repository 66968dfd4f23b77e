import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RedisConnection } from "#kit/redis/connection.ts";
import type { Redis } from "#kit/redis/redis.ts";
import { openTestRedis } from "#kit/redis/testing.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import type { TestServer } from "#kit/testing/engines/server.ts";
import { ANNOUNCE } from "./store.redis.scripts.ts";
import { createRedisStore } from "./store.redis.ts";
import type { StoredCart } from "./store.ts";

const OPTIONS = { lifetimeMs: 60_000, renewAfterMs: 0, purchaseMemoryMs: 60_000 };
/** More than a merge has. */
const STEPS = 6;
let server: TestServer;
let connection: RedisConnection;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  ({ connection, redis } = await openTestRedis(server.url));
});
afterAll(async () => {
  connection?.close();
  await server?.close();
});

const inShort = (cart: StoredCart) => Object.fromEntries(cart.lines.map((it) => [it.productId, it.quantity]));

/** A Redis that is gone for good at a step, counted from 0: before the step happened, or after it, unheard of. */
function goneAt(step: number, happened: boolean): Redis {
  let at = 0;
  return {
    ...redis,
    async run(...args) {
      const mine = at++;
      if (mine < step || (mine === step && happened)) {
        const answer = await redis.run(...args);
        if (mine < step) return answer;
      }
      throw new Error("gone");
    },
  };
}

async function twoCarts() {
  const store = createRedisStore(redis, OPTIONS);
  const [guest, user] = [randomUUID(), randomUUID()];
  const line = { limit: 99, requestId: undefined };
  await store.add(guest, { ...line, productId: "pan", quantity: 2 });
  await store.add(guest, { ...line, productId: "cup", quantity: 1 });
  await store.add(user, { ...line, productId: "pan", quantity: 3 });
  return { store, guest, user };
}

const ends = Array.from({ length: STEPS }, (_, step) => [
  { step, happened: false },
  { step, happened: true },
]).flat();

test.each(ends)("a merge that ends at $step ($happened) is ended by whoever looks at the cart next", async (end) => {
  const { store, guest, user } = await twoCarts();
  const merged = await createRedisStore(goneAt(end.step, end.happened), OPTIONS)
    .merge(guest, user)
    .then(() => true)
    .catch(() => false);
  // Only a merge that had not begun leaves everything as it was.
  const begun = end.step > 0 || end.happened;
  expect(inShort(await store.read(user))).toEqual(begun ? { pan: 5, cup: 1 } : { pan: 3 });
  expect(inShort(await store.read(guest))).toEqual(begun ? {} : { pan: 2, cup: 1 });
  expect(merged).toBe(end.step >= 4);
});

test.each(ends)("a merge that ended at $step ($happened) may be repeated, by many at once", async (end) => {
  const { store, guest, user } = await twoCarts();
  await createRedisStore(goneAt(end.step, end.happened), OPTIONS)
    .merge(guest, user)
    .catch(() => {});
  await Promise.all(Array.from({ length: 5 }, () => store.merge(guest, user)));
  expect(inShort(await store.read(user))).toEqual({ pan: 5, cup: 1 });
  expect(inShort(await store.read(guest))).toEqual({});
  // And what comes into the guest's cart later goes its own way.
  await store.add(guest, { productId: "axe", quantity: 1, limit: 99, requestId: undefined });
  expect(inShort(await store.merge(guest, user))).toEqual({ pan: 5, cup: 1, axe: 1 });
});

test("a merge that never gets to announce itself fails, and leaves both carts as they were", async () => {
  const { guest, user } = await twoCarts();
  // Others fill the list again and again.
  const crowded: Redis = {
    ...redis,
    run: (...args) => (args[0] === ANNOUNCE ? Promise.resolve(["full", "{}", 1]) : redis.run(...args)),
  };
  await expect(createRedisStore(crowded, OPTIONS).merge(guest, user)).rejects.toThrow(/try again/);
  const store = createRedisStore(redis, OPTIONS);
  expect(inShort(await store.read(user))).toEqual({ pan: 3 });
  expect(inShort(await store.read(guest))).toEqual({ pan: 2, cup: 1 });
});

test("many merges that were begun and never ended do not grow a cart without bound", async () => {
  const { store, user } = await twoCarts();
  for (let n = 0; n < 20; n++) {
    const { guest } = await twoCarts();
    await createRedisStore(goneAt(2, false), OPTIONS)
      .merge(guest, user)
      .catch(() => {});
  }
  // The ninth found eight before it and could not go on.
  expect(inShort(await store.merge(user, user))).toEqual({ pan: 3 });
  expect(inShort(await store.read(user))).toEqual({ pan: 3 + 8 * 2, cup: 8 });
});
