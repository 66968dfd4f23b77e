import { afterAll, beforeAll, describe } from "vitest";
import { openTestRedis, type TestRedis } from "#kit/redis/testing.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { startRedisCluster } from "#kit/testing/engines/redis-cluster.ts";
import { startRedisSentinel } from "#kit/testing/engines/redis-sentinel.ts";
import { cartStoreContract } from "./store.contract.ts";
import { createRedisStore } from "./store.redis.ts";

describe.each([
  ["one server", startRedis],
  ["Sentinel", startRedisSentinel],
  ["a Cluster", startRedisCluster],
] as const)("carts on %s", (_, start) => {
  let server: Awaited<ReturnType<typeof start>>;
  let opened: TestRedis;
  beforeAll(async () => {
    server = await start();
    opened = await openTestRedis(server.url);
  });
  afterAll(async () => {
    opened?.connection.close();
    await server?.close();
  });
  cartStoreContract(async (options) => createRedisStore(opened.redis, options));
});
