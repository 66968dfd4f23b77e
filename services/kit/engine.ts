import type { Logger } from "pino";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { type Call, currentCall } from "./call.ts";
import { type CircuitOptions, createCircuit, type EndPass } from "./engine-circuit.ts";
import { LateError, type Limit, runWithin, SUSPICION_MS } from "./engine-limit.ts";
import { createEngineMetrics } from "./engine-metrics.ts";
import { createSignOfLife } from "./engine-sign-of-life.ts";
import { callFailure } from "./failure.ts";
import type { Metrics } from "./metrics.ts";
import { reasonOf } from "./reason.ts";

/** How one operation is run. */
export interface RunOptions {
  /** Milliseconds it may take, if not as long as others. */
  readonly budgetMs?: number;
}

/** A server outside the process that may be away: PostgreSQL, MongoDB, Redis, an S3, Kafka. */
export interface Engine {
  /**
   * Runs one operation on it, within its budget of time and the time that the current call has left. What a caller sees of
   * an engine that is away is DEPENDENCY_UNAVAILABLE with a time to try again; while it is known to be away that comes at
   * once. An operation that is late counts as one that found the engine away: a write may have happened all the same, so
   * every write must be one that can be repeated. What a late operation comes to later is dropped.
   */
  run<T>(operation: (limit: Limit) => Promise<T>, options?: RunOptions): Promise<T>;
  /**
   * Asks whether the engine is there, whatever is known of it, and makes the answer known.
   * @throws what the operation throws, not what a caller may see
   */
  probe(operation: (limit: Limit) => Promise<unknown>, options?: RunOptions): Promise<void>;
  /** Why operations are refused, in a sentence; undefined while the engine is there. */
  readonly awayReason: string | undefined;
}

/** What an engine is to the process. */
export interface EngineOptions extends Pick<CircuitOptions, "nowMs" | "random"> {
  /** "mongodb": for the log and the metrics. */
  readonly name: string;
  /** Whether an error says that there is no engine for the moment, and not that something was wrong with what was asked. */
  readonly isAway: (error: unknown) => boolean;
  /** Whether such an error was waited for so long that one is enough: the driver looked for a server all that time. */
  readonly isSilent?: (error: unknown) => boolean;
  readonly log: Pick<Logger, "warn">;
  /** Where its state, failures and durations are counted, if anywhere. */
  readonly metrics?: Pick<Metrics, "registry">;
  /** Milliseconds that an operation may take. */
  readonly budgetMs?: number;
  /**
   * Asks it for a sign of life, beside its operations. Where given, an operation may be slow as long as others are answered
   * or this is, so `budgetMs` can be long; an engine that is silent is found within some two seconds all the same.
   */
  readonly check?: () => Promise<unknown>;
  /** Called when it is found to be away: to drop what may be broken, such as idle connections. */
  readonly onAway?: () => void;
}

/** What an operation may take where nothing else is said. */
export const BUDGET_MS = 2_000;
const RETRY_AFTER_MS = 1_000;
/** Left of the current call's time to say that the engine is away. */
const ANSWER_MARGIN_MS = 100;
/** Who is in a hurry learns nothing of the engine: to be late after less than this part of the budget does not count. */
const TELLING_SHARE = 0.5;

/** Milliseconds for an operation: its budget, or what the call has left. */
function limitMsOf(budgetMs: number, call: Call | undefined): number {
  if (call?.deadlineMs === undefined) return budgetMs;
  const leftMs = call.deadlineMs - performance.now();
  return Math.max(1, Math.min(budgetMs, leftMs - Math.min(ANSWER_MARGIN_MS, leftMs / 10)));
}

/** An engine as the process knows it: away or there, by how the operations on it end. */
export function createEngine(options: EngineOptions): Engine {
  const { name, isAway, log, budgetMs: usualMs = BUDGET_MS } = options;
  const metrics = createEngineMetrics(name, options.metrics);
  const life = options.check && createSignOfLife(options.check);
  const tellingMs = life === undefined ? usualMs * TELLING_SHARE : SUSPICION_MS;
  let awaySinceMs: number | undefined;
  let lastReason = "";
  const circuit = createCircuit({
    ...options,
    onChange(state) {
      metrics.state(state);
      if (state === "closed") {
        const awayMs = Math.round(performance.now() - (awaySinceMs ?? 0));
        awaySinceMs = undefined;
        log.warn({ engine: name, awayMs }, "an engine is there again");
      } else if (awaySinceMs === undefined) {
        awaySinceMs = performance.now();
        log.warn({ engine: name, reason: lastReason }, "an engine is away; what needs it is refused meanwhile");
        options.onAway?.();
      }
    },
  });

  const answered = (end: EndPass) => {
    life?.answered();
    end("there");
  };
  const failed = (kind: "away" | "late", error: unknown, end: () => void) => {
    metrics.failed(kind);
    lastReason = reasonOf(error);
    end();
  };
  /** What it says of the engine that an operation was late. */
  const late = (error: LateError, limitMs: number, end: EndPass) => {
    if (error.silent) return end("silent");
    if (limitMs < tellingMs) return end("unknown");
    if (life === undefined) return end("late");
    void life.isThere().then((isThere) => end(isThere ? "there" : "silent"));
  };

  async function attempt<T>(operation: (limit: Limit) => Promise<T>, budgetMs: number, end: EndPass): Promise<T> {
    const limitMs = limitMsOf(budgetMs, currentCall());
    const startMs = performance.now();
    try {
      const result = await runWithin(operation, { name, limitMs, life });
      answered(end);
      return result;
    } catch (error) {
      if (error instanceof LateError) failed("late", error, () => late(error, limitMs, end));
      else if (isAway(error)) failed("away", error, () => end(options.isSilent?.(error) ? "silent" : "away"));
      else answered(end);
      throw error;
    } finally {
      metrics.took((performance.now() - startMs) / 1_000);
    }
  }

  const unavailable = (retryAfterMs: number, cause: unknown) =>
    callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "A store is away for the moment; try again.", {
      retryAfterMs,
      cause,
    });

  const awayReason = () => (circuit.state === "closed" ? undefined : `${name} is away: ${lastReason}`);

  return {
    async run(operation, { budgetMs = usualMs } = {}) {
      const end = circuit.admit();
      if (end === undefined) {
        metrics.failed("refused");
        throw unavailable(circuit.retryAfterMs, awayReason());
      }
      try {
        return await attempt(operation, budgetMs, end);
      } catch (error) {
        if (!(error instanceof LateError) && !isAway(error)) throw error;
        throw unavailable(circuit.retryAfterMs || RETRY_AFTER_MS, error);
      }
    },
    async probe(operation, { budgetMs = usualMs } = {}) {
      await attempt(operation, budgetMs, circuit.probe());
    },
    get awayReason() {
      return awayReason();
    },
  };
}
