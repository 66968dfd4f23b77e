import { StartError } from "../start-error.ts";
import { createClient, type Mongo } from "./client.ts";

/** A service's corner of MongoDB for long work: no operation has a budget, and errors are the driver's. */
export interface BareMongo extends Pick<Mongo, "collection" | "run" | "read"> {
  /** Options of finds that all see the data as it is at one moment, the first one's. */
  readonly snapshot: object;
  close(): Promise<void>;
}

/** SnapshotTooOld, SnapshotUnavailable. */
const SNAPSHOT_GONE = new Set<unknown>([239, 246]);

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
        "MongoDB has forgotten the moment that all is read at, after minSnapshotHistoryWindowInSeconds (300): set it higher, or stop the shop.",
      );
    });
  return {
    collection: (name) => db.collection(`${workload}.${name}`),
    run,
    read: run,
    snapshot: { session, readConcern: { level: "snapshot" } },
    async close() {
      await session.endSession();
      await client.close();
    },
  };
}
