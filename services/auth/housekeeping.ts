import type { Logger } from "pino";
import type { AuthStore } from "./store.ts";

const INTERVAL_MS = 10 * 60_000;
/** Rows of a kind removed by one statement: short locks, short transactions. */
const BATCH_ROWS = 500;
/** What is left waits for the next time. */
const BATCHES_MAX = 100;

/** Removes what is of no use any more: batch by batch until little is left. Any number of replicas may do so at once. */
export async function sweepAll(store: AuthStore, nowMs: () => number, batchRows: number = BATCH_ROWS): Promise<void> {
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    if ((await store.sweep(nowMs(), batchRows)) < batchRows) return;
  }
}

/** Sweeps from time to time. The function it answers stops that and waits for what runs. */
export function startHousekeeping(deps: { store: AuthStore; nowMs: () => number; log: Logger }): () => Promise<void> {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= sweepAll(deps.store, deps.nowMs)
      .catch((error: unknown) => deps.log.warn({ err: error }, "old sessions could not be removed; trying again later"))
      .finally(() => {
        running = undefined;
      });
  }, INTERVAL_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
