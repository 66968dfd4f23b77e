import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { openTestRedis } from "#kit/redis/testing.ts";
import { reasonOf } from "#kit/testing/call.ts";
import { startRedis, withRedis } from "#kit/testing/engines/redis.ts";
import { startRedisCluster } from "#kit/testing/engines/redis-cluster.ts";
import { startRedisSentinel } from "#kit/testing/engines/redis-sentinel.ts";
import { eventually } from "#kit/testing/eventually.ts";
import { createRedisStore } from "./store.redis.ts";
import { type CartStore, LINES_MAX, QUANTITY_MAX } from "./store.ts";

const OPTIONS = { lifetimeMs: 600_000, renewAfterMs: 0, purchaseMemoryMs: 600_000 };
const BUYERS = 24;
const BEFORE_MS = 2_000;
const AFTER_MS = 1_500;
/** The longest that one change is tried for: a failover takes two or three seconds, on a busy machine more. */
const PATIENCE_MS = 40_000;
/** Replication is behind by so much at most: what the master took just before its end may be lost with it. */
const BEHIND_MAX_MS = 300;

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Somebody who puts one piece after the other into a cart, and tries again, as the same request, while the store is away. */
async function shop(store: CartStore, mayGoOn: () => boolean) {
  const owner = randomUUID();
  const takenAt: number[] = [];
  const away: number[] = [];
  for (let n = 0; mayGoOn() && n < LINES_MAX * QUANTITY_MAX; n++) {
    const addition = { productId: `p${n % LINES_MAX}`, quantity: 1, limit: QUANTITY_MAX, requestId: randomUUID() };
    const startMs = performance.now();
    for (;;) {
      const tryMs = performance.now();
      const reason = await store.add(owner, addition).then(() => "OK", reasonOf);
      if (reason === "OK") break;
      expect(reason).toBe("DEPENDENCY_UNAVAILABLE");
      away.push(performance.now() - tryMs);
      expect(performance.now() - startMs).toBeLessThan(PATIENCE_MS);
      await sleep(50);
    }
    takenAt.push(performance.now());
    await sleep(2);
  }
  return { owner, takenAt, away };
}

/** Lets many shop while something happens; answers what became of what they were told is in their carts. */
async function shopThrough(store: CartStore, event: () => Promise<void>) {
  let over = false;
  const buyers = Array.from({ length: BUYERS }, () => shop(store, () => !over));
  await sleep(BEFORE_MS);
  const eventMs = performance.now();
  await event();
  await sleep(AFTER_MS);
  over = true;
  const carts = [];
  for (const { owner, takenAt, away } of await Promise.all(buyers)) {
    const { lines } = await eventually(() => store.read(owner));
    const found = lines.reduce((sum, it) => sum + it.quantity, 0);
    const lastMoment = takenAt.filter((it) => it > eventMs - BEHIND_MAX_MS && it <= eventMs + BEHIND_MAX_MS).length;
    carts.push({ taken: takenAt.length, found, lastMoment, slowestMs: Math.max(0, ...away) });
  }
  return carts;
}

async function storeOn(server: { url: string; close(): Promise<void> }): Promise<CartStore> {
  closers.push(() => server.close());
  const { connection, redis } = await openTestRedis(server.url);
  closers.push(() => connection.close());
  return createRedisStore(redis, OPTIONS);
}

describe("carts while the master changes", () => {
  test.each(["killed", "paused, and back later"])(
    "a master that is %s: nothing twice, and nothing lost but of the last moment",
    async (how) => {
      const sentinel = await startRedisSentinel();
      const store = await storeOn(sentinel);
      const carts = await shopThrough(store, async () => {
        const master = await sentinel.master();
        if (how === "killed") await master.kill();
        else await master.pause();
        await eventually(async () => expect((await sentinel.master()).port).not.toBe(master.port));
        await master.resume();
      });
      for (const { taken, found, lastMoment, slowestMs } of carts) {
        expect(taken).toBeGreaterThan(0);
        expect(found).toBeLessThanOrEqual(taken);
        expect(taken - found).toBeLessThanOrEqual(lastMoment);
        expect(slowestMs).toBeLessThan(5_000);
      }
      // Seldom anything at all; told, since it is what one has to know of Redis.
      const lost = carts.reduce((sum, it) => sum + it.taken - it.found, 0);
      if (lost > 0) console.warn(`${lost} pieces of ${carts.reduce((sum, it) => sum + it.taken, 0)} were lost`);
    },
  );
});

/** A Cluster of three masters with a replica each. */
async function startCluster() {
  const cluster = await startRedisCluster();
  const replicas = await Promise.all(
    cluster.nodes.map(() => startRedis({ args: ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"] })),
  );
  closers.push(async () => void (await Promise.all(replicas.map((it) => it.close()))));
  for (const [at, replica] of replicas.entries()) {
    const master = cluster.nodes[at];
    const id = await withRedis(master?.port ?? 0, (it) => it.cluster("MYID"));
    const busPort = await withRedis(
      master?.port ?? 0,
      async (it) => /:\d+@(\d+) myself/.exec(String(await it.cluster("NODES")))?.[1],
    );
    await withRedis(replica.port, (it) => it.call("CLUSTER", "MEET", "127.0.0.1", `${master?.port}`, `${busPort}`));
    await eventually(() => withRedis(replica.port, (it) => it.call("CLUSTER", "REPLICATE", `${id}`)));
    await eventually(async () =>
      expect(await withRedis(replica.port, (it) => it.info("replication"))).toContain("master_link_status:up"),
    );
  }
  return { ...cluster, replicas };
}

describe("carts in a Cluster", () => {
  test("whose master is killed for good: nothing twice, and nothing lost but of the last moment", async () => {
    const cluster = await startCluster();
    const store = await storeOn(cluster);
    const carts = await shopThrough(store, async () => {
      await cluster.nodes[0]?.kill();
      await eventually(async () =>
        expect(await withRedis(cluster.replicas[0]?.port ?? 0, (it) => it.info("replication"))).toContain(
          "role:master",
        ),
      );
    });
    for (const { taken, found, lastMoment } of carts) {
      expect(found).toBeLessThanOrEqual(taken);
      expect(taken - found).toBeLessThanOrEqual(lastMoment);
    }
  });

  test("whose slots move meanwhile: nothing twice, nothing lost", async () => {
    const cluster = await startRedisCluster();
    const store = await storeOn(cluster);
    const [from, to] = await Promise.all(
      cluster.nodes.slice(0, 2).map(({ port }) => withRedis(port, (it) => it.cluster("MYID"))),
    );
    const slots = ["--cluster-from", `${from}`, "--cluster-to", `${to}`, "--cluster-slots", "400", "--cluster-yes"];
    const carts = await shopThrough(store, async () => {
      await promisify(execFile)("redis-cli", ["--cluster", "reshard", `127.0.0.1:${cluster.nodes[0]?.port}`, ...slots]);
    });
    expect(carts.map((it) => it.found)).toEqual(carts.map((it) => it.taken));
  });
});

describe("carts with an append-only file", () => {
  test("one server that is killed and comes back: nothing twice, nothing lost", async () => {
    const server = await startRedis();
    const store = await storeOn(server);
    const carts = await shopThrough(store, async () => {
      await server.kill();
      await sleep(500);
      await server.restart();
    });
    expect(carts.map((it) => it.found)).toEqual(carts.map((it) => it.taken));
  });

  test("a node of a Cluster that is killed and comes back: nothing twice, nothing lost", async () => {
    const cluster = await startRedisCluster();
    const store = await storeOn(cluster);
    const carts = await shopThrough(store, async () => {
      await cluster.nodes[1]?.kill();
      await sleep(3_000);
      await cluster.nodes[1]?.restart();
    });
    expect(carts.map((it) => it.found)).toEqual(carts.map((it) => it.taken));
  });
});
