import { Redis } from "ioredis";
import { afterEach, expect, it } from "vitest";
import { startRedis } from "./redis.ts";
import { startRedisCluster } from "./redis-cluster.ts";
import { startRedisSentinel } from "./redis-sentinel.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
it("redis keeps what it knows when it is killed", async () => {
  const server = await startRedis();
  closing.push(() => server.close());
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on("error", () => {});
  closing.push(() => redis.disconnect());
  await redis.set("a", "1");
  await server.kill();
  await server.restart();
  expect(await redis.get("a")).toBe("1");
});

it("sentinels name another master when the master is killed", async () => {
  const sentinel = await startRedisSentinel();
  closing.push(() => sentinel.close());
  const first = await sentinel.master();
  await first.kill();
  await expect.poll(() => sentinel.master().then((it) => it.port)).not.toBe(first.port);
});

it("a cluster has three masters", async () => {
  const cluster = await startRedisCluster();
  closing.push(() => cluster.close());
  expect(cluster.nodes).toHaveLength(3);
});
