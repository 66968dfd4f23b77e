import { Redis } from "ioredis";
import { debianProgram } from "./programs/debian.ts";
import { startServer, type TestServer } from "./server.ts";

const HOST = "127.0.0.1";
const CONNECT_TIMEOUT_MS = 2_000;

/** Redis' server; Sentinel and Cluster are the same program. */
export const redisProgram = () => debianProgram("redis-server", "redis-server");

/** What a Redis may be told apart from its port: "--appendonly", "yes". */
export interface RedisOptions {
  readonly folder?: string;
  readonly port?: number;
  readonly args?: readonly string[];
}

/** Starts a Redis of its own: 50 ms. What it knows outlives `restart`, also after `kill` (append-only file). */
export async function startRedis({ folder, port, args = [] }: RedisOptions = {}): Promise<TestServer> {
  const program = await redisProgram();
  return startServer({
    name: "redis",
    folder,
    port,
    command: async (onPort, dir) => [
      program,
      ...["--port", `${onPort}`, "--bind", HOST, "--dir", dir, "--save", ""],
      ...["--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "local"],
      ...args,
    ],
    isReady: (onPort) => withRedis(onPort, (it) => it.ping()),
    url: (onPort) => `redis://${HOST}:${onPort}/0`,
  });
}

/** Asks the Redis on a port something; fails at once when there is none. */
export async function withRedis<T>(port: number, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(port, HOST, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
  });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}
