import type { Logger } from "pino";
import { REVOKED_FOR_MS, type Revocations } from "../identity/revocations.ts";
import type { RedisConnection } from "./connection.ts";
import { defineScript } from "./script.ts";

/** Processes that tell each other of ended sessions. */
export interface SharedRevocations {
  /** Fulfilled when those that ended before are known, or could not be asked for in time. */
  readonly started: Promise<void>;
  close(): Promise<void>;
}

/** How often each process asks what is new: a session's end is known everywhere after this. */
const POLL_MS = 500;
/** Asked for again with every poll, since the clock of another master may be behind. */
const OVERLAP_MS = 5_000;
/** How often all are asked for, besides after every new connection: it heals what a failover has lost. */
const RELOAD_MS = 30_000;
const START_WAIT_MS = 2_000;
/** Sessions in one message, each way. */
const PAGE_MAX = 2_000;

/**
 * Adds sessions and answers those that are new to the caller. A sorted set: the score is when the session may be forgotten, by
 * the server's clock; no two of a message have the same, so that whoever reads page by page gets on. ARGV: how long they are kept, the score to begin at, the most to answer, sessions that ended.
 */
const EXCHANGE = defineScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local forget = now + tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for n = 4, #ARGV do redis.call('ZADD', KEYS[1], forget + (n - 4) / 2048, ARGV[n]) end
if #ARGV > 3 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {tostring(forget), redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])}
`);

/** What is asked for and what is told next. */
interface Exchange {
  /** Sessions that ended here and that Redis does not know yet. */
  readonly pending: Set<string>;
  /** The score to begin at. */
  since: string;
  /** When all were asked for the last time, and of which server. */
  reloadedMs: number;
  epoch: number;
  /** While all are asked for: what came so far. */
  seen: Set<string> | undefined;
}

/** One question and its answer; answers whether there is more. */
async function exchange(redis: RedisConnection, revocations: Revocations, state: Exchange): Promise<boolean> {
  if (performance.now() - state.reloadedMs > RELOAD_MS || state.epoch !== redis.epoch) {
    state.reloadedMs = performance.now();
    state.epoch = redis.epoch;
    state.since = "-inf";
    state.seen = new Set();
  }
  const told = [...state.pending].slice(0, PAGE_MAX);
  const values = [REVOKED_FOR_MS, state.since, PAGE_MAX, ...told];
  const [forget, flat] = (await redis.run(EXCHANGE, [redis.key("revoked")], values)) as [string, string[]];
  for (const sessionId of told) state.pending.delete(sessionId);
  for (let at = 0; at < flat.length; at += 2) {
    revocations.learn(flat[at] ?? "");
    state.seen?.add(flat[at] ?? "");
  }
  const last = flat.at(-1) ?? state.since;
  const isMore = flat.length === 2 * PAGE_MAX && last !== state.since;
  state.since = isMore ? last : `${Number(forget) - OVERLAP_MS}`;
  if (!isMore && state.seen !== undefined) {
    // What ended here and is not there was lost, with a master that had not passed it on.
    for (const sessionId of revocations.own()) if (!state.seen.has(sessionId)) state.pending.add(sessionId);
    state.seen = undefined;
  }
  return isMore || state.pending.size > 0;
}

/**
 * Tells other processes of the sessions that end here, and learns of those that end there: within a second, by asking. While
 * Redis is away each process knows what it knows; the rest is told when it is back.
 */
export function shareRevocations(deps: {
  readonly redis: RedisConnection;
  readonly revocations: Revocations;
  readonly log: Pick<Logger, "warn">;
}): SharedRevocations {
  const { redis, revocations, log } = deps;
  const state: Exchange = {
    pending: new Set(),
    since: "-inf",
    reloadedMs: Number.NEGATIVE_INFINITY,
    epoch: redis.epoch,
    seen: undefined,
  };
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let closed = false;
  let away = false;
  const started = Promise.withResolvers<void>();
  const turn = async () => {
    try {
      while (!closed && (await exchange(redis, revocations, state)));
      if (away) log.warn("ended sessions are shared again");
      away = false;
      started.resolve();
    } catch (error) {
      // What comes back may know less: then all are asked for, and what it lacks is told.
      state.reloadedMs = Number.NEGATIVE_INFINITY;
      state.pending.clear();
      if (!away)
        log.warn(
          { reason: (error as Error).message },
          "ended sessions are not shared for the moment: their access tokens live on elsewhere until they expire",
        );
      away = true;
    }
  };
  const run = () => {
    clearTimeout(timer);
    running ??= turn().finally(() => {
      running = undefined;
      if (!closed) timer = setTimeout(run, state.pending.size === 0 ? POLL_MS : 0).unref();
    });
  };
  revocations.onRevoke((sessionId) => {
    if (away) return;
    state.pending.add(sessionId);
    run();
  });
  run();
  setTimeout(started.resolve, START_WAIT_MS).unref();
  return {
    started: started.promise,
    async close() {
      clearTimeout(timer);
      // What ended last is told before the end.
      await running;
      if (state.pending.size > 0) await turn();
      closed = true;
      clearTimeout(timer);
    },
  };
}
