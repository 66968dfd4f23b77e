import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { redisProgram, startRedis, withRedis } from "./redis.ts";
import { startServer, type TestServer } from "./server.ts";

const HOST = "127.0.0.1";
const MASTER_NAME = "shop";
const SENTINELS = 3;
const QUORUM = 2;
const DOWN_AFTER_MS = 1_000;
const FAILOVER_TIMEOUT_MS = 3_000;
const KNOWN_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
/** By default a master waits five seconds for more replicas. */
const SYNC_AT_ONCE = ["--repl-diskless-sync-delay", "0"];

/** A Redis with replicas that take its place, and the sentinels that see to it. */
export interface RedisSentinel {
  /** "redis+sentinel://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3/shop/0": the sentinels, the master's name, the database. */
  readonly url: string;
  readonly masterName: string;
  /** The master first, as it was at the start. */
  readonly servers: readonly TestServer[];
  readonly sentinels: readonly TestServer[];
  /** The server that the sentinels say is the master now. Kill it, and after a second or two another one is. */
  master(): Promise<TestServer>;
  close(): Promise<void>;
}

/** Starts a master, its replicas and three sentinels that know each other. */
export async function startRedisSentinel(options: { readonly replicas?: 1 | 2 } = {}): Promise<RedisSentinel> {
  const first = await startRedis({ args: SYNC_AT_ONCE });
  const replicas = await Promise.all(
    Array.from({ length: options.replicas ?? 1 }, () =>
      startRedis({ args: ["--replicaof", HOST, `${first.port}`, ...SYNC_AT_ONCE] }),
    ),
  );
  const servers = [first, ...replicas];
  const sentinels = await Promise.all(Array.from({ length: SENTINELS }, () => startSentinel(first.port)));
  const close = async () => void (await Promise.all([...sentinels, ...servers].map((it) => it.close())));
  try {
    await Promise.all(replicas.map((it) => untilSynced(it.port)));
    await Promise.all(sentinels.map((it) => untilKnown(it.port, replicas.length)));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `${HOST}:${port}`).join(",")}/${MASTER_NAME}/0`,
    masterName: MASTER_NAME,
    servers,
    sentinels,
    async master() {
      const ask = sentinels.map(({ port }) =>
        withRedis(port, (it) => it.call("SENTINEL", "get-master-addr-by-name", MASTER_NAME)),
      );
      const [, port] = (await Promise.any(ask)) as [string, string];
      const master = servers.find((it) => it.port === Number(port));
      if (master === undefined) throw new Error(`The sentinels name a master at port ${port}, which is none of theirs`);
      return master;
    },
    close,
  };
}

async function startSentinel(masterPort: number): Promise<TestServer> {
  const program = await redisProgram();
  let written = false;
  return startServer({
    name: "sentinel",
    async command(port, folder) {
      const file = join(folder, "sentinel.conf");
      // It keeps what it learns in this file.
      if (!written) await writeFile(file, configuration(port, folder, masterPort));
      written = true;
      return [program, file, "--sentinel"];
    },
    isReady: (port) => withRedis(port, (it) => it.ping()),
    url: (port) => `redis://${HOST}:${port}`,
  });
}

const configuration = (port: number, folder: string, masterPort: number) => `
port ${port}
bind ${HOST}
dir ${folder}
sentinel monitor ${MASTER_NAME} ${HOST} ${masterPort} ${QUORUM}
sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER_MS}
sentinel failover-timeout ${MASTER_NAME} ${FAILOVER_TIMEOUT_MS}
`;

/** Waits until a replica has all that its master has: in its place before that it would know nothing. */
async function untilSynced(port: number): Promise<void> {
  const deadline = Date.now() + KNOWN_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if ((await withRedis(port, (it) => it.info("replication"))).includes("master_link_status:up")) return;
    await sleep(POLL_MS);
  }
  throw new Error("A replica does not get what its master has");
}

/** Waits until a sentinel knows the replicas and the other sentinels: before that it could not replace the master. */
async function untilKnown(port: number, replicas: number): Promise<void> {
  const deadline = Date.now() + KNOWN_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const flat = (await withRedis(port, (it) => it.call("SENTINEL", "master", MASTER_NAME))) as string[];
    const value = (name: string) => Number(flat[flat.indexOf(name) + 1]);
    if (value("num-slaves") === replicas && value("num-other-sentinels") === SENTINELS - 1) return;
    await sleep(POLL_MS);
  }
  throw new Error("The sentinels do not know each other and the replicas");
}
