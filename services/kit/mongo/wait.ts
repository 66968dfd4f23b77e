import { setTimeout as sleep } from "node:timers/promises";
import { MongoServerError } from "mongodb";
import type { Logger } from "pino";
import { StartError } from "../start-error.ts";
import { isAway, isPoolBusy } from "./away.ts";
import { createClient, placeOf } from "./client.ts";

/** What to wait for, and how long. */
export interface MongoWait {
  readonly url: string;
  readonly log: Pick<Logger, "warn">;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal;
  readonly waitMs?: number;
}

const WAIT_MS = 60_000;
const PAUSE_MS = 500;
const ATTEMPT_MS = 3_000;
/** Codes of a user who is not let in: AuthenticationFailed, Unauthorized, and Atlas' own for the former. */
const REFUSED = new Set<number | string | undefined>([18, 13, 8000]);

/** "mongos" and members of a set can do what the shop needs; a server on its own has neither majorities nor change streams. */
const isReplicated = (hello: { setName?: string; msg?: string }) =>
  hello.setName !== undefined || hello.msg === "isdbgrid";

async function connectOnce(url: string, at: string): Promise<void> {
  const client = createClient(url, "start", { serverSelectionTimeoutMS: ATTEMPT_MS, connectTimeoutMS: ATTEMPT_MS });
  try {
    await client.connect();
    // A user may be known and yet not be allowed into the database.
    await client.db().listCollections({}, { nameOnly: true }).toArray();
    const hello = await client.db().command({ hello: 1 });
    if (isReplicated(hello)) return;
    throw new StartError(
      `${at} is a server on its own, but majority writes and change streams need a replica set: start it with --replSet, and initiate the set (one member will do).`,
    );
  } finally {
    await client.close();
  }
}

/** What the server or the driver says; neither holds the password. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

/** Whether the server refuses who comes, in the error or in what it was caused by. */
function isRefused(error: unknown): boolean {
  if (error instanceof MongoServerError && REFUSED.has(error.code)) return true;
  return error instanceof Error && error.cause !== undefined && isRefused(error.cause);
}

/**
 * Waits until MongoDB answers and has a primary: services and their database are often started together.
 * @throws StartError when it does not within the time, when it refuses the user or the password, when the URL has an
 *   option that does not exist, or when the server is none of a replica set
 */
export async function awaitMongo({ url, log, signal, waitMs = WAIT_MS }: MongoWait): Promise<void> {
  const at = `The database of MONGODB_URL (${placeOf(url)})`;
  const startMs = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await connectOnce(url, at);
    } catch (error) {
      if (error instanceof StartError) throw error;
      const mayCome = isAway(error) || isPoolBusy(error);
      if (isRefused(error) || !mayCome) throw new StartError(`${at} refuses the connection: ${reasonOf(error)}.`);
      const waitedMs = performance.now() - startMs;
      if (waitedMs >= waitMs) {
        const seconds = Math.round(waitedMs / 1_000);
        throw new StartError(`${at} did not answer within ${seconds} seconds: ${reasonOf(error)}.`);
      }
      if (attempt === 1) log.warn({ reason: reasonOf(error) }, "waiting for MongoDB");
      await sleep(PAUSE_MS, undefined, signal && { signal });
    }
  }
}
