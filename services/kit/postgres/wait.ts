import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "pino";
import { reasonOf } from "../reason.ts";
import { StartError } from "../start-error.ts";
import { isAway } from "./away.ts";
import { CONNECT_TIMEOUT_MS, type Pooler, sessionOf } from "./connection.ts";
import { cut } from "./pool.ts";

/** What to wait for, and how long. */
export interface PostgresWait {
  readonly url: string;
  readonly pooler?: Pooler;
  readonly directUrl?: string | undefined;
  readonly log: Pick<Logger, "warn">;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal;
  readonly waitMs?: number;
}

const WAIT_MS = 60_000;
const PAUSE_MS = 500;
/** Some schema, to see whether the server takes what a session begins with. */
const TRIAL_SCHEMA = "shopmesh_trial";
const POOLER_HINT =
  "is a pooler that does not keep the settings of a session: set POSTGRES_POOLER=transaction, and POSTGRES_DIRECT_URL to the server itself";

/** Whether a pooler refuses the settings that a session begins with, as PgBouncer says it. */
const refusesSession = (error: unknown) => /unsupported startup parameter/.test((error as Error).message);

/** @throws StartError when the session's settings do not arrive, or whatever the connection fails with */
async function connectOnce(url: string, pooler: Pooler, at: string): Promise<void> {
  const { config } = sessionOf(url, TRIAL_SCHEMA, pooler);
  const client = new pg.Client({ ...config, pipeline: false });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query("SELECT current_setting('search_path') AS path");
    const kept = (rows[0] as { path: string }).path.startsWith(TRIAL_SCHEMA);
    if (pooler === "none" && !kept) throw new StartError(`${at} ${POOLER_HINT}.`);
  } catch (error) {
    if (refusesSession(error)) throw new StartError(`${at} ${POOLER_HINT}.`);
    throw error;
  } finally {
    // Nobody minds, and one that hangs would not say goodbye.
    const timer = setTimeout(() => cut(client), CONNECT_TIMEOUT_MS);
    await client.end().catch(() => {});
    clearTimeout(timer);
  }
}

/** The code of a database that does not exist: invalid_catalog_name. */
const NO_DATABASE = "3D000";

/** Why a server does not take us; the driver asks for a database of the user's name where the URL names none. */
function refusalOf(error: unknown, name: string, url: string): string {
  const isUnnamed = new URL(url).pathname.length <= 1 && (error as { code?: unknown }).code === NO_DATABASE;
  return isUnnamed ? `${name} names no database; it must end with /database` : reasonOf(error);
}

async function awaitOne(name: string, url: string, options: PostgresWait): Promise<void> {
  const { log, signal, pooler = "none", waitMs = WAIT_MS } = options;
  const startMs = performance.now();
  const at = `The database of ${name} (${new URL(url).host})`;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await connectOnce(url, pooler, at);
    } catch (error) {
      if (error instanceof StartError) throw error;
      if (!isAway(error)) throw new StartError(`${at} refuses the connection: ${refusalOf(error, name, url)}.`);
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

/**
 * Waits until a database answers: services and their database are often started together.
 * @throws StartError when it does not within the time, when it refuses the user, the password or the database's name, or
 *   when a pooler stands before it that the settings do not name
 */
export async function awaitPostgres(options: PostgresWait): Promise<void> {
  await awaitOne("POSTGRES_URL", options.url, options);
  if (options.directUrl !== undefined)
    await awaitOne("POSTGRES_DIRECT_URL", options.directUrl, { ...options, pooler: "none" });
}
