import type { Mongo } from "./client.ts";
import { createClient } from "./client.ts";

/** A service's corner of MongoDB for long work: no operation has a budget, and errors are the driver's. */
export interface BareMongo extends Pick<Mongo, "collection" | "run"> {
  /** Options of finds that all see the data as it is at one moment, the first one's. */
  readonly snapshot: object;
  close(): Promise<void>;
}

/** Opens it, for a program that moves data. */
export function openBareMongo(url: string, workload: string): BareMongo {
  const client = createClient(url, workload, { appName: "shopmesh-data", socketTimeoutMS: 0 });
  const db = client.db();
  const session = client.startSession({ snapshot: true });
  const forEver = { ms: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
  return {
    collection: (name) => db.collection(`${workload}.${name}`),
    run: (operation) => operation(forEver),
    snapshot: { session, readConcern: { level: "snapshot" } },
    async close() {
      await session.endSession();
      await client.close();
    },
  };
}
