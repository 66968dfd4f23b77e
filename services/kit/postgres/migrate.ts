import { createHash } from "node:crypto";
import { runner } from "node-pg-migrate";
import pg from "pg";
import type { Logger } from "pino";
import { clientConfig } from "./connection.ts";

const MIGRATION_TIMEOUT_MS = 60 * 60_000;

/** A number for pg_advisory_lock from a name. */
function lockKey(name: string): string {
  return createHash("sha256").update(name).digest().readBigInt64BE().toString();
}

/**
 * Brings a schema to the newest version: runs the SQL files of a folder (`001_name.sql`, "-- Up Migration" only) that have
 * not run yet, under a lock, so that any number of replicas may start at once. The URL must lead straight to the server:
 * a pooler in transaction mode would lose the lock.
 */
export async function migrate(options: {
  url: string;
  schema: string;
  dir: string;
  table?: string;
  log: Logger;
}): Promise<void> {
  const { url, schema, dir, table = "migrations", log } = options;
  // What changes a large table takes its time, and waits for others that do.
  const client = new pg.Client({ ...clientConfig(url, schema), query_timeout: MIGRATION_TIMEOUT_MS });
  // Whatever breaks the connection fails the statement that runs; without a listener it would end the process.
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [lockKey(`migrate ${schema}`)]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    // Extensions are shared by all schemas of a database, so they live in public.
    await client.query(`SET search_path TO "${schema}", public`);
    await runner({
      dbClient: client,
      dir,
      direction: "up",
      migrationsSchema: schema,
      migrationsTable: table,
      schema: [schema, "public"],
      // Our own lock waits; the library's fails when another service migrates at the same moment.
      noLock: true,
      verbose: false,
      logger: {
        info: () => {},
        debug: () => {},
        warn: (it: string) => log.warn(it),
        error: (it: string) => log.error(it),
      },
    });
  } finally {
    await client.end().catch(() => {});
  }
}
