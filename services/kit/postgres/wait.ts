import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "pino";
import { StartError } from "../start-error.ts";
import { isAway } from "./database.ts";

/** What to wait for, and how long. */
export interface PostgresWait {
  readonly url: string;
  readonly log: Pick<Logger, "warn">;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal;
  readonly waitMs?: number;
}

const WAIT_MS = 60_000;
const PAUSE_MS = 500;
const CONNECT_TIMEOUT_MS = 5_000;

async function connectOnce(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  try {
    await client.connect();
    await client.query("SELECT 1");
  } finally {
    await client.end().catch(() => {});
  }
}

/** "ECONNREFUSED", or what the server says; neither holds the password. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return message || code || String(error);
}

/**
 * Waits until a database answers: services and their database are often started together.
 * @throws StartError when it does not within the time, or when it refuses the user, the password or the database's name
 */
export async function awaitPostgres({ url, log, signal, waitMs = WAIT_MS }: PostgresWait): Promise<void> {
  const startMs = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await connectOnce(url);
    } catch (error) {
      const at = `The database of POSTGRES_URL (${new URL(url).host})`;
      if (!isAway(error)) throw new StartError(`${at} refuses the connection: ${reasonOf(error)}.`);
      const waitedMs = performance.now() - startMs;
      if (waitedMs >= waitMs) {
        const seconds = Math.round(waitedMs / 1000);
        throw new StartError(`${at} did not answer within ${seconds} seconds: ${reasonOf(error)}.`);
      }
      if (attempt === 1) log.warn({ reason: reasonOf(error) }, "waiting for the database");
      await sleep(PAUSE_MS, undefined, signal && { signal });
    }
  }
}
