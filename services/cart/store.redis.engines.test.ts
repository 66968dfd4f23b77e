import { pino } from "pino";
import { afterAll, beforeAll, describe } from "vitest";
import { openRedis, type RedisConnection } from "#kit/redis/connection.ts";
import { createRedis } from "#kit/redis/redis.ts";
import { readRedis } from "#kit/redis/settings.ts";
import { awaitRedis } from "#kit/redis/wait.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { startRedisCluster } from "#kit/testing/engines/redis-cluster.ts";
import { startRedisSentinel } from "#kit/testing/engines/redis-sentinel.ts";
import { cartStoreContract } from "./store.contract.ts";
import { createRedisStore } from "./store.redis.ts";

const log = pino({ level: "silent" });

async function connect(url: string): Promise<RedisConnection> {
  const settings = readRedis({ REDIS_URL: url });
  if (settings === undefined) throw new Error("no settings");
  const connection = openRedis(settings, "test", log);
  await awaitRedis({ redis: connection, log });
  return connection;
}

describe.each([
  ["one server", startRedis],
  ["Sentinel", startRedisSentinel],
  ["a Cluster", startRedisCluster],
] as const)("carts on %s", (_, start) => {
  let server: Awaited<ReturnType<typeof start>>;
  let connection: RedisConnection;
  beforeAll(async () => {
    server = await start();
    connection = await connect(server.url);
  });
  afterAll(async () => {
    connection?.close();
    await server?.close();
  });
  cartStoreContract(async (options) => createRedisStore(createRedis(connection, { name: "redis", log }), options));
});
