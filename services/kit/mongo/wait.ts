import { setTimeout as sleep } from "node:timers/promises";
import { MongoServerError, MongoServerSelectionError } from "mongodb";
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

/** The set's name in MONGODB_URL where all servers said that they are not in it: the driver has struck them out. */
function mistakenSet(error: unknown): string | undefined {
  if (!(error instanceof MongoServerSelectionError)) return undefined;
  const { servers, setName } = error.reason ?? {};
  return servers?.size === 0 && setName ? setName : undefined;
}

/** What the server or the driver says; neither holds the password. */
function reasonOf(error: unknown): string {
  const set = mistakenSet(error);
  if (set !== undefined)
    return `none of the servers is in a replica set "${set}"; replicaSet in MONGODB_URL must be the name of theirs`;
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

/** @throws StartError for a file of MONGODB_URL (tlsCAFile, …) that the driver cannot read */
function checkFiles(error: unknown): void {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (path !== undefined && (syscall === "open" || syscall === "read"))
    throw new StartError(`MONGODB_URL names the file ${path}, but it cannot be read: ${code}.`);
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
      checkFiles(error);
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
