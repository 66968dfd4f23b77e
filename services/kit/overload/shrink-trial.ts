/** What a window of late calls showed. */
export interface LateWindow {
  readonly nowMs: number;
  readonly limit: number;
  /** How much of the limit was used. */
  readonly used: number;
  /** The limit that might do. */
  readonly lower: number;
  /** Calls that came to their own end in a millisecond. */
  readonly rate: number;
  /** The same, where the window before was better. */
  readonly bestRate: number;
  /** Whether calls were refused. */
  readonly binding: boolean;
}

/** So long a limit is left alone that was lowered in vain. */
export const HOLD_MS = 10_000;

/**
 * Lowers a limit on trial. Calls that are late although their service rests wait for something else. If that is a queue
 * that they make themselves (connections of a pool), fewer of them at once are done in less time at the same rate. If it
 * is a slow dependency, fewer at once just means fewer done: then the limit goes back to what it was.
 */
export function createShrinkTrial(): { next(window: LateWindow): number } {
  let before: LateWindow | undefined;
  let settled = false;
  let heldUntilMs = Number.NEGATIVE_INFINITY;
  return {
    next(window) {
      const { nowMs, limit, lower, rate, binding } = window;
      if (nowMs < heldUntilMs) return limit;
      if (before === undefined || limit !== before.lower) {
        before = window;
        settled = false;
        return lower;
      }
      // The first window after is still full of calls that began before.
      if (!settled) {
        settled = true;
        return limit;
      }
      const { used } = before;
      const inVain = binding && rate < (before.bestRate * (1 + limit / used)) / 2;
      before = undefined;
      if (!inVain) return limit;
      heldUntilMs = nowMs + HOLD_MS;
      return Math.max(limit, used);
    },
  };
}
