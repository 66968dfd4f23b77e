import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { StartError } from "../start-error.ts";
import { ROLE } from "./cluster.ts";
import { isAlive } from "./process.ts";

/** The database that carries the shop. */
export const DATABASE = "shopmesh";

/** Any number will do, as long as it is always the same. */
const OWNER_LOCK = 7_467_663_374;
/** Owners lock in this database, since locks are a database's own. */
const LOCK_DATABASE = "postgres";
const OWNER_PREFIX = "shopmesh-owner:";
/** PostgreSQL notices within moments that a killed owner is gone. */
const LOCK_TIMEOUT_MS = 2_000;
const LOCK_POLL_MS = 50;
const CONNECT_TIMEOUT_MS = 5_000;

/** What a server answers, or does not, while it starts or stops. */
const NOT_READY = /ECONNREFUSED|ECONNRESET|EPIPE|terminated|timeout|57P0[123]/;

/** Where a database of the server at `port` is. */
export function databaseUrl(port: number, password: string, database: string): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${database}`;
}

/**
 * Connects to the server and takes it for this process: whoever holds the connection owns the server and its data.
 *
 * @returns the connection that holds the lock, or undefined while the server takes none.
 * @throws StartError when another process owns the server.
 */
export async function takeOwnership(port: number, password: string, dataDir: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({
    connectionString: databaseUrl(port, password, LOCK_DATABASE),
    application_name: `${OWNER_PREFIX}${process.pid}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // Without a listener, a connection cut off while idle would end the process; its end is an event of its own.
  client.on("error", () => {});
  try {
    await client.connect();
    await lock(client, dataDir);
    await createDatabase(client);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    if (isNotReady(error)) return undefined;
    throw error;
  }
}

async function lock(client: pg.Client, dataDir: string): Promise<void> {
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    const { rows } = await client.query("SELECT pg_try_advisory_lock($1) AS locked", [OWNER_LOCK]);
    if (rows[0].locked) return;
    const owner = await findOwner(client);
    if ((owner && isAlive(owner)) || Date.now() > deadline) {
      throw new StartError(
        `Another Shopmesh is already running on ${dataDir} (process ${owner ?? "unknown"}); stop it or set DATA_DIR ` +
          "to another directory.",
      );
    }
    await sleep(LOCK_POLL_MS);
  }
}

/** The process that holds the lock; undefined when it has just let go. */
async function findOwner(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query(
    `SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = $1`,
    [OWNER_LOCK],
  );
  const pid = Number(String(rows[0]?.application_name ?? "").slice(OWNER_PREFIX.length));
  return pid || undefined;
}

async function createDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
}

function isNotReady(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return !(error instanceof StartError) && NOT_READY.test(`${code} ${message}`);
}
