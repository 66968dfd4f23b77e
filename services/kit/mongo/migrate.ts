import type { Db } from "mongodb";
import type { Logger } from "pino";
import { createClient } from "./client.ts";
import { withLease } from "./lease.ts";

/** One step towards the newest version of what a service keeps in MongoDB. */
export interface MongoMigration {
  /** "001_catalogue": migrations run in the order of the list, each once. */
  readonly name: string;
  /**
   * Takes the step. It may be taken again after a crash in the middle, so it must be one that can be repeated, and the
   * version before must go on working with what it leaves.
   * @param collection the name of one of the service's collections in the database
   */
  readonly up: (db: Db, collection: (name: string) => string) => Promise<void>;
}

/** Building an index of many documents takes its time. */
const BUILD_TIMEOUT_MS = 600_000;

/**
 * Brings a service's collections to the newest version: takes the steps that were not taken yet, in order, recorded in
 * the collection `<service>.migrations`. Any number of replicas may start at once: one works, under a lease that others
 * take over when it crashes, and the rest wait for it.
 */
export async function migrateMongo(options: {
  readonly url: string;
  readonly workload: string;
  readonly migrations: readonly MongoMigration[];
  readonly log: Pick<Logger, "info">;
  readonly leaseMs?: number;
}): Promise<void> {
  const { url, workload, migrations, log, leaseMs } = options;
  const client = createClient(url, workload, { socketTimeoutMS: BUILD_TIMEOUT_MS, maxPoolSize: 2 });
  try {
    const db = client.db();
    const done = db.collection<{ _id: string; migrateTime: Date }>(`${workload}.migrations`);
    const missing = async () => {
      const names = new Set((await done.find({}, { projection: { _id: 1 } }).toArray()).map((it) => it._id));
      return migrations.filter((it) => !names.has(it.name));
    };
    if ((await missing()).length === 0) return;
    const migrateAll = async (held: AbortSignal) => {
      for (const { name, up } of await missing()) {
        held.throwIfAborted();
        await up(db, (it) => `${workload}.${it}`);
        held.throwIfAborted();
        await done.updateOne({ _id: name }, { $setOnInsert: { migrateTime: new Date() } }, { upsert: true });
        log.info({ workload, migration: name }, "migrated");
      }
    };
    await withLease(db.collection(`${workload}.leases`), "migrate", migrateAll, leaseMs);
  } finally {
    await client.close();
  }
}
