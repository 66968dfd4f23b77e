import type { Logger } from "pino";
import type { CartStore } from "./store.ts";

const BATCH = 500;
const BATCHES_MAX = 20;

/** Frees the space of expired carts now and then, in batches; what is left over waits for the next time. */
export function startPurge(store: CartStore, intervalMs: number, log: Logger): { stop(): Promise<void> } {
  let stopped = false;
  let running = Promise.resolve();
  const run = async () => {
    for (let batch = 0; batch < BATCHES_MAX && !stopped; batch++) {
      if ((await store.purge(BATCH)) < BATCH) return;
    }
  };
  const timer = setInterval(() => {
    // One after the other, so that a slow one is not overtaken.
    running = running.then(run).catch((error: unknown) => log.warn({ err: error }, "expired carts were not purged"));
  }, intervalMs).unref();
  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
