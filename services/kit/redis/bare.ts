import type { Redis } from "ioredis";
import { type Client, createClient, isWrongDatabase } from "./client.ts";
import type { RedisSettings } from "./settings.ts";

/** Redis for long work on all keys: errors are the driver's. */
export interface BareRedis {
  readonly client: Client;
  /** The name of a key among the shop's own. */
  key(...parts: readonly string[]): string;
  /** The keys that match a pattern, of all nodes of a Cluster, in batches; one may come twice while Redis moves its tables. */
  scan(pattern: string, type: "string" | "zset"): AsyncIterable<readonly string[]>;
  /** Whether a process of the shop is connected just now; undefined when our user may not know. */
  isServed(): Promise<boolean | undefined>;
  close(): void;
}

const COUNT = 500;

/** Whether a line of CLIENT LIST is of a process of the shop: it goes by the prefix, in the shop's database. */
function isOfShop(line: string, { kind, prefix, database }: RedisSettings): boolean {
  const fields = line.trim().split(" ");
  const names = [`name=${prefix}`, `name=ioredis-cluster(refresher):${prefix}`];
  // A Cluster has one database.
  return fields.some((it) => names.includes(it)) && (kind === "cluster" || fields.includes(`db=${database}`));
}

async function hasConnections(nodes: readonly Redis[], settings: RedisSettings): Promise<boolean | undefined> {
  try {
    const lists = await Promise.all(nodes.map((it) => it.client("LIST")));
    return lists.some((it) =>
      String(it)
        .split("\n")
        .some((line) => isOfShop(line, settings)),
    );
  } catch (error) {
    if (!(error as Error).message.startsWith("NOPERM")) throw error;
    return undefined;
  }
}

/** Opens it, for a program that moves data. @throws the driver's error when it cannot be reached */
export async function openBareRedis(settings: RedisSettings): Promise<BareRedis> {
  const client = createClient(settings, "shopmesh-data");
  let wrongDatabase: Error | undefined;
  client.on("error", (error: Error) => {
    // What else goes wrong is told by the command that fails.
    if (isWrongDatabase(error)) wrongDatabase = error;
  });
  await client.connect();
  if (wrongDatabase !== undefined) {
    client.disconnect();
    throw wrongDatabase;
  }
  const nodes = (): readonly Redis[] => ("nodes" in client ? client.nodes("master") : [client]);
  // A Cluster's connections are made by the first command, and until they stand others are refused.
  await Promise.all(nodes().map((it) => it.ping()));
  return {
    client,
    key: (...parts) => [settings.prefix, ...parts].join(":"),
    async *scan(pattern, type) {
      for (const node of nodes()) {
        let cursor = "0";
        do {
          const [next, keys] = await node.scan(cursor, "MATCH", pattern, "COUNT", COUNT, "TYPE", type);
          if (keys.length > 0) yield keys;
          cursor = next;
        } while (cursor !== "0");
      }
    },
    isServed: () => hasConnections(nodes(), settings),
    close: () => client.disconnect(),
  };
}
