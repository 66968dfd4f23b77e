import type { Logger } from "pino";
import type { Revocations } from "../identity/revocations.ts";
import type { Metrics } from "../metrics.ts";
import type { SharedAllowances } from "../pipeline/rate-limit.ts";
import { createSharedAllowances } from "./allowances.ts";
import { isAway } from "./away.ts";
import { warnOfLosses } from "./cautions.ts";
import { openRedis, type RedisConnection } from "./connection.ts";
import { createRedis, type Redis } from "./redis.ts";
import { type SharedRevocations, shareRevocations } from "./revocations.ts";
import type { RedisSettings } from "./settings.ts";
import { awaitRedis } from "./wait.ts";

/** Who uses it: a service of the process. */
interface User {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The Redis of a process: one connection for all its services, opened for the first that needs it. */
export interface ProcessRedis {
  /**
   * For a service that keeps data there: once it answers.
   * @throws StartError when it does not, or refuses us
   */
  open(user: User): Promise<Redis>;
  /** For a service that answers calls: what its replicas share. Known soon, or later if Redis is away. */
  join(user: User): Promise<SharedAllowances>;
  close(): Promise<void>;
}

/** Milliseconds that a call waits at most to learn whether it is within its limit. */
const ALLOWANCE_WAIT_MS = 50;

/** The Redis of a process, by its settings. */
export function createProcessRedis(deps: {
  readonly settings: RedisSettings;
  readonly revocations: Revocations;
  readonly log: Logger;
  /** Whether data must outlive a restart of Redis. */
  readonly durable: boolean;
  /** Ends the waiting at the start. */
  readonly stopping?: AbortSignal | undefined;
}): ProcessRedis {
  const { settings, revocations, log, durable, stopping } = deps;
  let connection: RedisConnection | undefined;
  let ended: SharedRevocations | undefined;
  const connect = () => (connection ??= openRedis(settings, settings.prefix, log));
  return {
    async open({ log, metrics }) {
      const redis = connect();
      await awaitRedis({ redis, log, signal: stopping });
      await warnOfLosses(redis, log, durable).catch((error: unknown) => {
        // One member of a Cluster may be busy elsewhere; a caution that cannot be given keeps nobody from starting.
        if (!isAway(error)) throw error;
        log.debug({ err: error }, "it is not known whether Redis would lose carts");
      });
      return createRedis(redis, { name: "redis", log, metrics });
    },
    async join({ log: its, metrics }) {
      const redis = connect();
      ended ??= shareRevocations({ redis, revocations, log });
      await ended.started;
      // That a busy moment was longer than the wait is worth no warning: the replica counts for itself then.
      const quiet = { warn: its.debug.bind(its) };
      const limits = { name: "redis-limits", log: quiet, metrics, budgetMs: ALLOWANCE_WAIT_MS };
      return createSharedAllowances(createRedis(redis, limits));
    },
    async close() {
      await ended?.close();
      connection?.close();
    },
  };
}
