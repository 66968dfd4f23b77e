import { type Collection, type Db, type Document, MongoClient, type MongoClientOptions } from "mongodb";
import type { Logger } from "pino";
import { createEngine, type Engine } from "../engine.ts";
import type { Metrics } from "../metrics.ts";
import { isAway, isUnfound } from "./away.ts";
import { tellBusy } from "./busy.ts";
import { createSignsOfLife, LIFE_OPTIONS } from "./sign-of-life.ts";

/**
 * A service's own corner of MongoDB: the collections of the URL's database that begin with the service's name
 * ("product.products"), so that services may share a database, and a user for it, and yet nobody reads another's.
 */
export interface Mongo {
  /** Where the database is, without the password: for sentences. */
  readonly place: string;
  readonly db: Db;
  /** One of the service's collections. Whatever is done with it belongs into `run`. */
  collection<T extends Document>(name: string): Collection<T>;
  /** Runs one operation within its budget; what a caller sees of a MongoDB that is away is DEPENDENCY_UNAVAILABLE. */
  readonly run: Engine["run"];
  /** The same for reading from whichever server is there: it goes on while the others have no primary. */
  readonly read: Engine["run"];
  /** Asks whether there is a primary that writes could go to. @throws the driver's error */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What MongoDB is opened with. */
export interface MongoOptions {
  /** `MONGODB_URL`: whatever it says of pool, times and TLS holds. */
  readonly url: string;
  /** Whose corner it is. */
  readonly workload: string;
  readonly log: Pick<Logger, "warn">;
  readonly metrics?: Pick<Metrics, "registry">;
}

const APP_NAME_MAX = 128;

/**
 * What MongoDB shows of a service's connections: "shopmesh-product@shop". It names the database, since shops may share a
 * server and one that is stopped must be told from one that runs.
 */
export const appNameOf = (url: string, workload: string): string =>
  `shopmesh-${workload}@${placeOf(url).split("/").at(-1)}`.slice(0, APP_NAME_MAX);

/** Connections of a process; each carries one operation at a time. */
const POOL_MAX = 32;
/** How long an operation waits for a connection of the pool, or for a primary to be elected, in milliseconds. */
const SELECTION_TIMEOUT_MS = 1_500;
const CONNECT_TIMEOUT_MS = 3_000;
/** An answer that takes longer than this does not come: the connection is given up. */
const SOCKET_TIMEOUT_MS = 10_000;
/** How long the primary waits for a majority before it says that there is none. */
const MAJORITY_TIMEOUT_MS = 5_000;
const HEARTBEAT_MS = 5_000;
const IDLE_MS = 60_000;
/** How long an operation may take while the server shows signs of life, in milliseconds. */
const BUDGET_MS = 5_000;
const PING_BUDGET_MS = 1_400;

/** The driver's options: what the URL may say otherwise, and what it may not. */
function optionsFor(url: string, workload: string): MongoClientOptions {
  const said = new URLSearchParams(url.split("?")[1] ?? "");
  const saidNames = new Set([...said.keys()].map((it) => it.toLowerCase()));
  const usual: MongoClientOptions = {
    maxPoolSize: POOL_MAX,
    waitQueueTimeoutMS: SELECTION_TIMEOUT_MS,
    serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    socketTimeoutMS: SOCKET_TIMEOUT_MS,
    heartbeatFrequencyMS: HEARTBEAT_MS,
    maxIdleTimeMS: IDLE_MS,
  };
  return {
    ...Object.fromEntries(Object.entries(usual).filter(([name]) => !saidNames.has(name.toLowerCase()))),
    appName: appNameOf(url, workload),
    // What is confirmed is on the disks of a majority and survives the loss of a server; nothing read is undone later.
    writeConcern: { w: "majority", journal: true, wtimeoutMS: MAJORITY_TIMEOUT_MS },
    readConcern: { level: "majority" },
    readPreference: "primary",
    retryWrites: true,
    retryReads: true,
    ignoreUndefined: true,
  };
}

/** "db1:27017,db2:27017/shop": what may be told of a URL. All before the last "@" may be a password's. */
export function placeOf(url: string): string {
  return url
    .replace(/^mongodb(\+srv)?:\/\//, "")
    .replace(/^.*@/s, "")
    .replace(/\?.*$/s, "");
}

/** A client that has not connected yet. */
export function createClient(url: string, workload: string, options: MongoClientOptions = {}): MongoClient {
  return new MongoClient(url, { ...optionsFor(url, workload), ...options });
}

/** Opens a service's corner. Call `awaitMongo` and `migrateMongo` first; it connects when it is used. */
export function openMongo({ url, workload, log, metrics }: MongoOptions): Mongo {
  const client = createClient(url, workload);
  const db = client.db();
  const life = createSignsOfLife(createClient(url, workload, LIFE_OPTIONS));
  const engine = createEngine({
    ...{ name: "mongodb", isAway, isSilent: isUnfound, log, budgetMs: BUDGET_MS, check: life.ofPrimary },
    ...(metrics && { metrics }),
  });
  const anyone = createEngine({
    ...{ name: "mongodb-reads", isAway, isSilent: isUnfound, log, budgetMs: BUDGET_MS, check: life.ofAnyone },
    ...(metrics && { metrics }),
  });
  return {
    place: placeOf(url),
    db,
    collection: (name) => db.collection(`${workload}.${name}`),
    run: tellBusy(engine.run, life.ofPrimary),
    read: tellBusy(anyone.run, life.ofAnyone),
    ping: () => engine.probe(life.ofPrimary, { budgetMs: PING_BUDGET_MS }),
    async close() {
      await Promise.all([client.close(), life.close()]);
    },
  };
}
