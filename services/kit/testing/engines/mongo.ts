import { setTimeout as sleep } from "node:timers/promises";
import { type Db, MongoClient } from "mongodb";
import { freePort } from "./ports.ts";
import { mongodProgram } from "./programs/mongod.ts";
import { type ServerSet, startServer, type TestServer, together } from "./server.ts";

const HOST = "127.0.0.1";
const SET = "shop";
const DATABASE = "shop";
const TIMEOUT_MS = 5_000;
const PRIMARY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** A set on one machine may be quick to notice that its primary is gone, though not so quick that a busy machine makes it doubt. */
const ELECTION_TIMEOUT_MS = 2_000;
const HEARTBEAT_MS = 500;

/** A replica set of MongoDB: does as one server, to all of its members. */
export interface MongoSet extends ServerSet {
  readonly url: string;
  /** Every `mongod` of the set. */
  readonly members: readonly TestServer[];
  /** The member that takes writes now; waits until there is one. Kill it, and another one becomes it. */
  primary(): Promise<TestServer>;
}

/** How many members, and where they are kept. */
export interface MongoOptions {
  readonly members?: 1 | 3;
  readonly folder?: string;
  /** The port of the only member. */
  readonly port?: number;
  /** What the set tells clients where its only member is, "127.0.0.1:20000": a proxy before it. It listens on `port`. */
  readonly advertise?: string;
}

/** Starts a replica set of one `mongod` or of three, with a primary; a second or two. */
export async function startMongo(options: MongoOptions = {}): Promise<MongoSet> {
  const count = options.members ?? 1;
  const members = await Promise.all(Array.from({ length: count }, (_, index) => startMember(options, index)));
  const hosts = members.map(({ port }) => options.advertise ?? `${HOST}:${port}`);
  const set = together(members);
  const primary = () => findPrimary(members);
  try {
    await initiate(members, hosts);
    await primary();
  } catch (error) {
    await set.close();
    throw error;
  }
  return {
    url: `mongodb://${hosts.join(",")}/${DATABASE}?replicaSet=${SET}`,
    members,
    primary,
    ...set,
    async restart() {
      await set.restart();
      await primary();
    },
  };
}

async function startMember({ folder, port }: MongoOptions, index: number): Promise<TestServer> {
  const program = await mongodProgram();
  return startServer({
    name: "mongod",
    folder: folder === undefined ? undefined : `${folder}/${index}`,
    port: port ?? (await freePort()),
    command: async (onPort, dir) => [
      program,
      ...["--replSet", SET, "--port", `${onPort}`, "--bind_ip", HOST, "--dbpath", dir, "--nounixsocket", "--quiet"],
      ...["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"],
      ...["--setParameter", "diagnosticDataCollectionEnabled=false"],
      // A member does not wait for others to catch up before it ends.
      ...["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"],
    ],
    isReady: (onPort) => withMongod(onPort, (it) => it.command({ ping: 1 })),
    url: (onPort) => `mongodb://${HOST}:${onPort}/${DATABASE}?directConnection=true`,
  });
}

async function initiate(members: readonly TestServer[], hosts: readonly string[]): Promise<void> {
  const config = {
    _id: SET,
    members: hosts.map((host, _id) => ({ _id, host })),
    settings: { electionTimeoutMillis: ELECTION_TIMEOUT_MS, heartbeatIntervalMillis: HEARTBEAT_MS },
  };
  await withMongod(members[0]?.port ?? 0, async (admin) => {
    try {
      await admin.command({ replSetInitiate: config });
    } catch (error) {
      // Its data is of an earlier time, and so is the set.
      if ((error as { codeName?: string }).codeName !== "AlreadyInitialized") throw error;
    }
  });
}

async function findPrimary(members: readonly TestServer[]): Promise<TestServer> {
  const deadline = Date.now() + PRIMARY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    for (const member of members) {
      const hello = await withMongod(member.port, (it) => it.command({ hello: 1 })).catch(() => undefined);
      if (hello?.isWritablePrimary === true) return member;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`The replica set has no primary after ${PRIMARY_TIMEOUT_MS / 1_000} s`);
}

/** Asks one `mongod` something, whatever its part in the set. */
async function withMongod<T>(port: number, ask: (admin: Db) => Promise<T>): Promise<T> {
  const client = new MongoClient(`mongodb://${HOST}:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: TIMEOUT_MS,
    connectTimeoutMS: TIMEOUT_MS,
    socketTimeoutMS: TIMEOUT_MS,
  });
  try {
    return await ask(client.db("admin"));
  } finally {
    await client.close();
  }
}
