import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { isFailure } from "../failure.ts";

/** Work that is done whenever there may be some, by one run at a time. */
export interface Worker {
  /** There may be work: run, or run once more if a run is on its way. */
  wake(): void;
  /** Lets a run that is on its way come to its end, but waits at most 10 seconds for it, and starts no other. */
  stop(): Promise<void>;
}

/** How a worker spends its time, in milliseconds. */
export interface WorkerOptions {
  /** Told in the log. */
  readonly name: string;
  /** Does all the work there is; ends early when the signal says so. A failed run is followed by another. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Runs at least this often, for what nobody told: a wake-up that got lost, work that a dead replica left behind. */
  readonly pollMs: number;
  readonly log: Logger;
}

const FAILURE_PAUSE_MIN_MS = 200;
const FAILURE_PAUSE_MAX_MS = 4_000;
const STOP_MAX_MS = 10_000;

/** Starts a worker; its first run begins at once. */
export function startWorker({ name, run, pollMs, log }: WorkerOptions): Worker {
  const stopped = new AbortController();
  let woken = false;
  let wakeUp = () => {};
  let failures = 0;

  const idle = async () => {
    if (woken) return;
    const pause = new AbortController();
    wakeUp = () => pause.abort();
    await sleep(pollMs, undefined, { signal: AbortSignal.any([pause.signal, stopped.signal]) }).catch(() => {});
    wakeUp = () => {};
  };
  const runOnce = async () => {
    woken = false;
    try {
      await run(stopped.signal);
      failures = 0;
    } catch (error) {
      if (stopped.signal.aborted) return;
      // No wake-up cuts this pause short: what is broken is not helped by being asked again and again.
      const pauseMs = Math.min(FAILURE_PAUSE_MIN_MS * 2 ** failures, FAILURE_PAUSE_MAX_MS);
      failures += 1;
      // Once for each time that it goes wrong; that something is away is told by the state of what is.
      const isAway = isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE);
      const level = failures === 1 && !isAway ? "warn" : "debug";
      log[level]({ err: error, worker: name, pauseMs }, "background work failed; trying again");
      woken = true;
      await sleep(pauseMs, undefined, { signal: stopped.signal }).catch(() => {});
    }
  };
  const loop = async () => {
    while (!stopped.signal.aborted) {
      await runOnce();
      if (!stopped.signal.aborted) await idle();
    }
  };
  const ended = loop();
  return {
    wake() {
      woken = true;
      wakeUp();
    },
    async stop() {
      stopped.abort();
      const late = new AbortController();
      await Promise.race([ended, sleep(STOP_MAX_MS, undefined, { signal: late.signal }).catch(() => {})]);
      late.abort();
    },
  };
}
