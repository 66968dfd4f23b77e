/** How waiting grows from one failure to the next. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** The part of the time that is left to chance: 1 is "full jitter", anything from nothing to the whole. */
  readonly jitter: number;
}

/** Milliseconds to wait after this many failures in a row (1 is the first). `random` gives numbers from 0 to 1. */
export function backoffMs(policy: BackoffPolicy, failures: number, random: () => number = Math.random): number {
  const wholeMs = Math.min(policy.maxMs, policy.baseMs * policy.factor ** (failures - 1));
  return wholeMs * (1 - policy.jitter * random());
}
