import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";
import { startRedis, withRedis } from "./redis.ts";
import type { TestServer } from "./server.ts";

const HOST = "127.0.0.1";
const MASTERS = 3;
const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 2_000;
const UNITED_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/** A Redis Cluster: three masters, each with a third of the slots. */
export interface RedisCluster {
  /** "redis+cluster://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3" */
  readonly url: string;
  readonly nodes: readonly TestServer[];
  close(): Promise<void>;
}

/** Starts a cluster of three masters, with all slots served. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const busPorts = await Promise.all(Array.from({ length: MASTERS }, freePort));
  const nodes = await Promise.all(busPorts.map(startNode));
  const close = async () => void (await Promise.all(nodes.map((it) => it.close())));
  try {
    await unite(nodes, busPorts);
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `redis+cluster://${nodes.map(({ port }) => `${HOST}:${port}`).join(",")}`, nodes, close };
}

/** The port of its bus is stated, since its own port plus 10,000 may be another's. */
const startNode = (busPort: number) =>
  startRedis({
    args: ["--cluster-enabled", "yes", "--cluster-port", `${busPort}`, "--cluster-node-timeout", `${NODE_TIMEOUT_MS}`],
  });

async function unite(nodes: readonly TestServer[], busPorts: readonly number[]): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    const from = Math.floor((SLOTS * index) / MASTERS);
    const to = Math.floor((SLOTS * (index + 1)) / MASTERS) - 1;
    await withRedis(node.port, async (redis) => {
      await redis.call("CLUSTER", "SET-CONFIG-EPOCH", `${index + 1}`);
      await redis.call("CLUSTER", "ADDSLOTSRANGE", `${from}`, `${to}`);
    });
  }
  // Only then, since who knows another node takes no epoch any more.
  for (const [index, node] of nodes.entries()) {
    await withRedis(node.port, async (redis) => {
      for (const [other, { port }] of nodes.entries())
        if (other !== index) await redis.call("CLUSTER", "MEET", HOST, `${port}`, `${busPorts[other]}`);
    });
  }
  const deadline = Date.now() + UNITED_TIMEOUT_MS;
  for (const { port } of nodes) {
    while (!(await isWhole(port))) {
      if (Date.now() > deadline) throw new Error("The cluster did not come together");
      await sleep(POLL_MS);
    }
  }
}

const isWhole = (port: number) =>
  withRedis(port, async (redis) => {
    const info = String(await redis.call("CLUSTER", "INFO"));
    return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${MASTERS}`);
  });
