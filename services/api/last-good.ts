/** An answer, and whether it is one of before. */
export interface Kept<T> {
  readonly value: T;
  /** It could not be asked for anew: this is the last that came. */
  readonly isStale: boolean;
}

/** How an old answer stands in for one that does not come, in milliseconds. */
export interface LastGoodOptions {
  /** An answer that is older than this is worse than none. */
  readonly maxAgeMs: number;
  /** So long after a failure nobody waits for another one. */
  readonly pauseMs: number;
  /** Whether an old answer may stand in for one that failed like this; left out: for any. Otherwise it is forgotten. */
  readonly standsIn?: (error: unknown) => boolean;
  /** A clock, for tests. */
  readonly nowMs?: () => number;
}

/**
 * What is asked for, or, where that fails, the last answer that came. Without one that is young enough the failure goes to
 * who asked.
 */
export function lastGood<T>(ask: () => Promise<T>, options: LastGoodOptions): () => Promise<Kept<T>> {
  const { maxAgeMs, pauseMs, standsIn = () => true, nowMs = () => performance.now() } = options;
  let last: { readonly value: T; readonly atMs: number } | undefined;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  const instead = (): Kept<T> | undefined =>
    last !== undefined && nowMs() - last.atMs < maxAgeMs ? { value: last.value, isStale: true } : undefined;
  return async () => {
    const old = instead();
    if (old !== undefined && nowMs() - failedAtMs < pauseMs) return old;
    try {
      const value = await ask();
      last = { value, atMs: nowMs() };
      return { value, isStale: false };
    } catch (error) {
      failedAtMs = nowMs();
      if (!standsIn(error)) last = undefined;
      const kept = instead();
      if (kept === undefined) throw error;
      return kept;
    }
  };
}
