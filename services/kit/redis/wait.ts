import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { StartError } from "../start-error.ts";
import { isAway, isRefusal } from "./away.ts";
import type { RedisConnection } from "./connection.ts";

/** What to wait for, and how long. */
export interface RedisWait {
  readonly redis: RedisConnection;
  readonly log: Pick<Logger, "warn">;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal | undefined;
  readonly waitMs?: number;
}

const WAIT_MS = 60_000;
const PAUSE_MS = 100;
/** Time goes by while a server starts, and nobody should be told what is only then so. */
const QUIET_MS = 500;

// What says that the server is another than REDIS_URL says, and what to do about it.
const MISTAKEN: readonly [RegExp, string][] = [
  [/^MOVED|^CROSSSLOT/, "it is a Cluster, so REDIS_URL must begin with redis+cluster://"],
  [/sentinels.*(NOAUTH|WRONGPASS|NOPERM)/i, "its Sentinels ask for REDIS_SENTINEL_PASSWORD"],
  [/cluster support disabled/, "it is no Cluster, so REDIS_URL must begin with redis://"],
  [/invalid reply: null|No such master/i, "its Sentinels know no master by the name in REDIS_URL"],
  [/unknown command \W?sentinel/i, "it is no Sentinel, so REDIS_URL must begin with redis://"],
  [
    /unknown command/i,
    "it does not know the commands of a Redis; REDIS_URL of a Sentinel begins with redis+sentinel://",
  ],
  [/DB index is out of range|invalid DB index/i, "it has no database with the number in REDIS_URL"],
  [
    /certificate|self-signed|wrong version number|SSL routines|altname/i,
    "its TLS is not as REDIS_URL and REDIS_CA say",
  ],
];

const sentence = (text: string) => `${text.trim().replace(/\.+$/, "")}.`;

/** How a connection hangs that did not become ready: a server without TLS says nothing to who begins with it. */
const UNREADY = /connect ETIMEDOUT$|^Redis is not connected$/;
const UNREADY_HINT = " (if REDIS_URL begins with rediss: is there TLS on that port?)";
const hintOf = ({ message }: Error) => (UNREADY.test(message) ? UNREADY_HINT : "");

/** Why waiting is of no use, in words; undefined where it may be. */
function refusalOf(error: Error): string | undefined {
  const mistaken = MISTAKEN.find(([pattern]) => pattern.test(error.message));
  if (mistaken !== undefined) return `${mistaken[1]} (${error.message})`;
  return isRefusal(error) || !isAway(error) ? error.message : undefined;
}

/**
 * Waits until Redis takes changes: services and what they stand on are often started together.
 * @throws StartError when it does not within the time, or when it refuses the user, the password or the database
 */
export async function awaitRedis({ redis, log, signal, waitMs = WAIT_MS }: RedisWait): Promise<void> {
  const startMs = performance.now();
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    const failed = await redis.ping().then(
      () => undefined,
      (error: Error) => error,
    );
    if (failed === undefined) return;
    const error = redis.trouble ?? failed;
    const waitedMs = performance.now() - startMs;
    const refusal = refusalOf(error);
    if (refusal !== undefined)
      throw new StartError(`The Redis of REDIS_URL (${redis.at}) refuses us: ${sentence(refusal)}`);
    if (waitedMs >= waitMs) {
      const seconds = Math.round(waitedMs / 1000);
      throw new StartError(
        `The Redis of REDIS_URL (${redis.at}) did not answer within ${seconds} seconds: ${sentence(error.message + hintOf(error))}`,
      );
    }
    if (!told && waitedMs >= QUIET_MS) log.warn({ redis: redis.at, reason: error.message }, "waiting for Redis");
    told ||= waitedMs >= QUIET_MS;
    await sleep(PAUSE_MS, undefined, signal && { signal });
  }
}
