import { pino } from "pino";
import { openRedis, type RedisConnection } from "./connection.ts";
import { createRedis, type Redis } from "./redis.ts";
import { readRedis } from "./settings.ts";
import { awaitRedis } from "./wait.ts";

/** A Redis as a service has it, for tests. */
export interface TestRedis {
  readonly connection: RedisConnection;
  readonly redis: Redis;
}

/** Opens the Redis of a URL and waits for it; `env` is what else the environment says. */
export async function openTestRedis(url: string, env: Record<string, string> = {}): Promise<TestRedis> {
  const settings = readRedis({ REDIS_URL: url, ...env });
  if (settings === undefined) throw new Error("There is no URL");
  const log = pino({ level: process.env.TEST_LOG_LEVEL ?? "silent" });
  const connection = openRedis(settings, "shopmesh-test", log);
  try {
    await awaitRedis({ redis: connection, log });
  } catch (error) {
    connection.close();
    throw error;
  }
  return { connection, redis: createRedis(connection, { name: "redis", log }) };
}
