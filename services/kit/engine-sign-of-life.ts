import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";

/** Tells an engine that has much to do from one that is silent. */
export interface SignOfLife {
  /** To be called when the engine answered anything. */
  answered(): void;
  /** Whether it answered something just now, or does when it is asked; asked by one at a time. */
  isThere(): Promise<boolean>;
}

/** So long an engine may be silent when it is asked for a sign of life. */
export const SIGN_MS = 1_000;

/** @param check asks the engine something that costs it nothing, on a way of its own */
export function createSignOfLife(check: () => Promise<unknown>): SignOfLife {
  let answeredMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<boolean> | undefined;

  async function ask(): Promise<boolean> {
    const sinceMs = performance.now();
    const over = new AbortController();
    const answer = Promise.resolve()
      .then(check)
      .then(
        () => true,
        () => false,
      );
    // After a moment in which the process itself did nothing, answers may be there already: they are read first.
    const silence = sleep(SIGN_MS, false, { signal: over.signal }).then(async (it) => turn(it));
    silence.catch(() => {}); // the check came back first
    const isThere = await Promise.race([answer, silence]).finally(() => over.abort());
    return isThere || answeredMs >= sinceMs;
  }

  return {
    answered() {
      answeredMs = performance.now();
    },
    isThere() {
      if (performance.now() - answeredMs < SIGN_MS) return Promise.resolve(true);
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}
