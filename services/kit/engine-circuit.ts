import { type BackoffPolicy, backoffMs } from "./client/backoff.ts";

/**
 * "closed": all may pass. "open": the engine is away, and nobody is sent to it. "half-open": one operation is on its way to
 * see whether it is there again.
 */
export type CircuitState = "closed" | "half-open" | "open";

/**
 * How an operation ended, as far as it tells of the engine: it answered (be it with an error), it is away, it did not answer
 * in time, it says nothing to anybody, or nothing can be said (the caller's own time was over too soon).
 */
export type Outcome = "there" | "away" | "late" | "silent" | "unknown";

/** To be called once, when the operation that was let through is over. */
export type EndPass = (outcome: Outcome) => void;

/** What is known of an engine from how operations on it end. */
export interface Circuit {
  readonly state: CircuitState;
  /** Milliseconds until it is worth trying again; 0 when closed. */
  readonly retryAfterMs: number;
  /** Lets an operation through; undefined when it must not be tried. */
  admit(): EndPass | undefined;
  /** Lets an operation through whatever the state is, for who asks whether the engine is there. */
  probe(): EndPass;
}

/** What a circuit is made of. */
export interface CircuitOptions {
  /** Told of every change. Between "closed" and "closed" lies one time that the engine was away. */
  readonly onChange?: (state: CircuitState) => void;
  /** A clock that only goes forward. */
  readonly nowMs?: () => number;
  /** Numbers from 0 to 1, for the jitter. */
  readonly random?: () => number;
}

/** So many failures in a row open the circuit. */
export const FAILURES_MAX = 5;
/** What each counts. One that was waited for in vain costs its callers more than one that was refused; silence is proof. */
const WEIGHT = { there: 0, unknown: 0, away: 1, late: 2, silent: FAILURES_MAX } as const;
/** Half of the operations of a window open it as well, however the others go: one member of several may be gone. */
const WINDOW_MS = 10_000;
const WINDOW_OPERATIONS_MIN = 20;
const WINDOW_SHARE_MAX = 0.5;
/** The pauses between probes. Short at first, since most engines are only restarting. */
const PAUSE: BackoffPolicy = { baseMs: 500, factor: 2, maxMs: 4_000, jitter: 0.5 };
/** No caller shall be told to come back at once. */
const RETRY_AFTER_MIN_MS = 100;

/** Counts what tells of an engine that goes away. */
function createFailureCount(nowMs: () => number) {
  let inRow = 0;
  let window = { sinceMs: nowMs(), operations: 0, failed: 0 };
  return {
    clear() {
      inRow = 0;
      window = { sinceMs: nowMs(), operations: 0, failed: 0 };
    },
    /** Answers whether that was one too many. */
    add(outcome: Outcome): boolean {
      if (nowMs() - window.sinceMs > WINDOW_MS) window = { sinceMs: nowMs(), operations: 0, failed: 0 };
      window.operations += 1;
      if (outcome === "there") {
        inRow = 0;
        return false;
      }
      inRow += WEIGHT[outcome];
      window.failed += 1;
      const share = window.failed / window.operations;
      return inRow >= FAILURES_MAX || (window.operations >= WINDOW_OPERATIONS_MIN && share >= WINDOW_SHARE_MAX);
    },
  };
}

/** A circuit breaker: what failed several times is not asked again by all at once, but by one after a pause. */
export function createCircuit(options: CircuitOptions = {}): Circuit {
  const { onChange, nowMs = () => performance.now(), random = Math.random } = options;
  const count = createFailureCount(nowMs);
  // Grows when the engine goes away and when it is back: what began before tells nothing of the time after.
  let epoch = 0;
  let openings = 0;
  let retryAtMs = 0;
  let probing = false;

  const open = () => {
    openings += 1;
    retryAtMs = nowMs() + backoffMs(PAUSE, openings, random);
    onChange?.("open");
  };
  const endAsUsual = (begun: number) => (outcome: Outcome) => {
    if (begun !== epoch || outcome === "unknown" || !count.add(outcome)) return;
    epoch += 1;
    open();
  };
  const endProbe = (begun: number, isTheOne: boolean) => (outcome: Outcome) => {
    if (begun !== epoch) return;
    if (isTheOne) probing = false;
    if (outcome === "there") {
      epoch += 1;
      openings = 0;
      probing = false;
      count.clear();
      onChange?.("closed");
    } else if (isTheOne && outcome !== "unknown") open();
  };
  return {
    get state() {
      if (openings === 0) return "closed";
      return probing ? "half-open" : "open";
    },
    get retryAfterMs() {
      return openings === 0 ? 0 : Math.max(RETRY_AFTER_MIN_MS, Math.ceil(retryAtMs - nowMs()));
    },
    admit() {
      if (openings === 0) return endAsUsual(epoch);
      if (probing || nowMs() < retryAtMs) return undefined;
      probing = true;
      onChange?.("half-open");
      return endProbe(epoch, true);
    },
    probe: () => (openings === 0 ? endAsUsual(epoch) : endProbe(epoch, false)),
  };
}
