/** How much retrying a transport may do. */
export interface RetryBudget {
  /** To be called with each call: it earns a part of a retry. */
  earn(): void;
  /** Takes one retry out; false if none is left. */
  spend(): boolean;
}

/** Retries may add this part to the calls made, so that they never multiply the load on a service in trouble. */
export const EARNED_PER_CALL = 0.1;
/** So many a second are allowed besides, so that services with few calls can retry at all. */
export const EARNED_PER_SECOND = 2;
/** What may be saved up: what a restart under load needs at once. */
export const SAVED_MAX = 100;

/** A token bucket, full at the start. `nowMs` is only read when a retry is wanted. */
export function createRetryBudget(nowMs: () => number = () => performance.now()): RetryBudget {
  let saved = SAVED_MAX;
  let spentAtMs = nowMs();
  return {
    earn() {
      if (saved < SAVED_MAX) saved += EARNED_PER_CALL;
    },
    spend() {
      const now = nowMs();
      saved = Math.min(SAVED_MAX, saved + ((now - spentAtMs) / 1_000) * EARNED_PER_SECOND);
      spentAtMs = now;
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
