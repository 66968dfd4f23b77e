// Makes one mongod a replica set, for what starts a server by itself, such as Docker's Compose: `node services/kit/mongo/initiate.ts`
// asks the one host of MONGODB_URL, makes it the set that the URL names unless it is one, and ends when it takes writes.
import { setTimeout as sleep } from "node:timers/promises";
import { MongoClient, MongoServerError } from "mongodb";
import { runTask } from "../process.ts";
import { StartError } from "../start-error.ts";
import { isAway, isPoolBusy } from "./away.ts";
import { awaitMongo } from "./wait.ts";

const NOT_YET_INITIALIZED = 94;
const ALREADY_INITIALIZED = 23;
const WAIT_MS = 60_000;
const PAUSE_MS = 200;
const ATTEMPT_MS = 2_000;

/** The one host of a URL, and the set that it is to be. */
function memberOf(url: string): { readonly host: string; readonly set: string; readonly alone: string } {
  // Several hosts make it no URL in the sense of the standard.
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const set = parsed?.searchParams.get("replicaSet");
  if (parsed?.protocol !== "mongodb:" || !set)
    throw new StartError("MONGODB_URL must name one host and its set: mongodb://host:27017/database?replicaSet=name.");
  parsed.searchParams.delete("replicaSet");
  parsed.searchParams.set("directConnection", "true");
  return { host: parsed.port === "" ? `${parsed.hostname}:27017` : parsed.host, set, alone: parsed.href };
}

const codeOf = (error: unknown) => (error instanceof MongoServerError ? error.code : undefined);

/** @returns whether there was something to do */
async function initiateOnce(alone: string, config: object): Promise<boolean> {
  const client = new MongoClient(alone, { serverSelectionTimeoutMS: ATTEMPT_MS, connectTimeoutMS: ATTEMPT_MS });
  try {
    const admin = client.db("admin");
    try {
      await admin.command({ replSetGetStatus: 1 });
      return false;
    } catch (error) {
      if (codeOf(error) !== NOT_YET_INITIALIZED) throw error;
    }
    await admin.command({ replSetInitiate: config });
    return true;
  } catch (error) {
    if (codeOf(error) === ALREADY_INITIALIZED) return false; // by somebody else, a moment ago
    throw error;
  } finally {
    await client.close();
  }
}

/**
 * Makes the server of a URL a replica set of one member, which goes by the host that the URL names.
 * @returns whether there was something to do
 * @throws StartError when the URL is not of one host, or nothing answers there; what the server says when it refuses
 */
export async function initiate(url: string, waitMs = WAIT_MS): Promise<boolean> {
  const { host, set, alone } = memberOf(url);
  const startMs = performance.now();
  for (;;) {
    try {
      return await initiateOnce(alone, { _id: set, members: [{ _id: 0, host }] });
    } catch (error) {
      if (!isAway(error) && !isPoolBusy(error)) throw error;
      if (performance.now() - startMs > waitMs) throw new StartError(`There is no MongoDB at ${host}.`);
      await sleep(PAUSE_MS);
    }
  }
}

if (import.meta.main)
  await runTask(async ({ settings, log }) => {
    const { mongodbUrl: url } = settings;
    if (url === undefined) throw new StartError("MONGODB_URL is not set, so there is nothing to initiate.");
    const done = await initiate(url);
    await awaitMongo({ url, log });
    log.info(done ? "the replica set is made" : "the replica set is there");
  });
