import type { MongoClient } from "mongodb";
import { StartError } from "../start-error.ts";
import { appNameOf, createClient, type Mongo } from "./client.ts";

/** A service's corner of MongoDB for long work: no operation has a budget, and errors are the driver's. */
export interface BareMongo extends Pick<Mongo, "collection" | "run" | "read"> {
  /** Options of finds that all see the data as it is at one moment, the first one's. */
  readonly snapshot: object;
  /** Whether the service itself is connected just now; undefined when our user may not know. */
  isServed(): Promise<boolean | undefined>;
  close(): Promise<void>;
}

/** SnapshotTooOld, SnapshotUnavailable. */
const SNAPSHOT_GONE = new Set<unknown>([239, 246]);

const UNAUTHORIZED = 13;

/** Whether there are connections of that name: those of all users, or of ours alone when no more is permitted. */
async function hasConnections(client: MongoClient, appName: string): Promise<boolean | undefined> {
  const admin = client.db("admin");
  for (const allUsers of [true, false]) {
    const ask = [{ $currentOp: { allUsers, idleConnections: true } }, { $match: { appName } }, { $limit: 1 }];
    try {
      return (await admin.aggregate(ask, { readConcern: { level: "local" } }).toArray()).length > 0;
    } catch (error) {
      if ((error as { code?: unknown }).code !== UNAUTHORIZED) throw error;
    }
  }
  return undefined;
}

/** Opens it, for a program that moves data. */
export function openBareMongo(url: string, workload: string): BareMongo {
  const client = createClient(url, workload, { appName: "shopmesh-data", socketTimeoutMS: 0 });
  const db = client.db();
  const session = client.startSession({ snapshot: true });
  const forEver = { ms: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
  const run: Mongo["run"] = (operation) =>
    operation(forEver).catch((error: unknown) => {
      if (!SNAPSHOT_GONE.has((error as { code?: unknown }).code)) throw error;
      throw new StartError(
        "MongoDB has forgotten the moment that all is read at, after minSnapshotHistoryWindowInSeconds (300): set it higher while this runs.",
      );
    });
  return {
    collection: (name) => db.collection(`${workload}.${name}`),
    run,
    read: run,
    snapshot: { session, readConcern: { level: "snapshot" } },
    isServed: () => hasConnections(client, appNameOf(url, workload)),
    async close() {
      await session.endSession();
      await client.close();
    },
  };
}
