import type { Logger } from "pino";
import { createEngine } from "../engine.ts";
import type { Metrics } from "../metrics.ts";
import { isAway } from "./away.ts";
import type { RedisConnection } from "./connection.ts";
import type { Script } from "./script.ts";

/** Redis as a service uses it: what it fails with while Redis is away is DEPENDENCY_UNAVAILABLE, and comes soon. */
export interface Redis extends Pick<RedisConnection, "key"> {
  /** Runs a script; its keys lie in one slot. A late one may have run all the same. */
  run(script: Script, keys: readonly string[], values?: readonly (string | number)[]): Promise<unknown>;
  /** Throws, with a reason, while changes are not possible. */
  ping(): Promise<void>;
}

/** What a Redis is to a part of a process. */
export interface RedisOptions {
  /** "redis": for the log and the metrics. */
  readonly name: string;
  readonly log: Pick<Logger, "warn">;
  readonly metrics?: Pick<Metrics, "registry">;
  /**
   * Milliseconds after which nobody waits for a script any more, whatever the reason; undefined: as long as Redis shows signs of
   * life, so that a busy process is not taken for a Redis that is away.
   */
  readonly budgetMs?: number;
}

/** Readiness does not wait much longer. */
const PING_BUDGET_MS = 1_400;

/** Redis over a connection that the process shares, with a circuit of its own. */
export function createRedis(connection: RedisConnection, options: RedisOptions): Redis {
  const check = options.budgetMs === undefined ? { check: () => connection.ping() } : undefined;
  const engine = createEngine({ ...options, ...check, isAway });
  return {
    key: connection.key,
    run: (script, keys, values) => engine.run(() => connection.run(script, keys, values)),
    ping: () => engine.probe(() => connection.ping(), { budgetMs: PING_BUDGET_MS }),
  };
}
