import type { Logger } from "pino";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "./failure.ts";
import type { Metrics } from "./metrics.ts";

/** A server outside the process that may be away: PostgreSQL, MongoDB, Redis, an S3, Kafka. */
export interface Engine {
  /**
   * Runs one operation on it, within its budget of time. What a caller would see of an engine that is away is
   * DEPENDENCY_UNAVAILABLE with a time to try again; while it is known to be away that comes at once.
   */
  run<T>(operation: () => Promise<T>): Promise<T>;
}

/** What an engine is to the process. */
export interface EngineOptions {
  /** "mongodb": for the log and the metrics. */
  readonly name: string;
  /** Whether an error says that there is no engine for the moment, and not that something was wrong with what was asked. */
  readonly isAway: (error: unknown) => boolean;
  readonly log: Logger;
  readonly metrics?: Pick<Metrics, "counter">;
  /** Milliseconds that an operation may take. */
  readonly budgetMs?: number;
}

const RETRY_AFTER_MS = 1_000;

/** An engine as the process knows it. */
export function createEngine({ isAway }: EngineOptions): Engine {
  return {
    async run(operation) {
      try {
        return await operation();
      } catch (error) {
        if (!isAway(error)) throw error;
        const details = { retryAfterMs: RETRY_AFTER_MS, cause: error };
        throw callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "A store is away for the moment; try again.", details);
      }
    },
  };
}
