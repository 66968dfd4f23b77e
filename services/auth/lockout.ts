/** Failed attempts to sign in to one account, whether it exists or not. */
export interface Attempts {
  readonly failures: number;
  readonly lastMs: number;
  readonly lockedUntilMs: number;
}

export const NO_ATTEMPTS: Attempts = { failures: 0, lastMs: 0, lockedUntilMs: 0 };

/** Failures that are nobody's business: typing errors. */
export const FREE_FAILURES = 5;
/** Fewer failures are forgotten when there was none for so long: five within this time always lock. */
export const WINDOW_MS = 15 * 60_000;
/** Once locked, an account's failures are remembered for so long, so that patience does not pay. */
export const MEMORY_MS = 24 * 3_600_000;
const LOCK_FIRST_MS = 60_000;
/** The longest lock: whoever guesses is down to four guesses an hour, and the owner is never shut out for the day. */
export const LOCK_MAX_MS = 15 * 60_000;

/** How long the account is locked yet, in milliseconds; 0 when it is not. */
export function lockedMs(attempts: Attempts, nowMs: number): number {
  return Math.max(0, attempts.lockedUntilMs - nowMs);
}

/**
 * Counts an attempt as failed. This happens before the password is checked and is taken back if it was right, so that many
 * attempts at once are no way around the lock. An attempt at a locked account changes nothing.
 */
export function afterAttempt(before: Attempts, nowMs: number): Attempts {
  if (lockedMs(before, nowMs) > 0) return before;
  const memoryMs = before.failures < FREE_FAILURES ? WINDOW_MS : MEMORY_MS;
  const failures = nowMs - before.lastMs > memoryMs ? 1 : before.failures + 1;
  const over = failures - FREE_FAILURES;
  const lockMs = over < 0 ? 0 : Math.min(LOCK_MAX_MS, LOCK_FIRST_MS * 2 ** over);
  return { failures, lastMs: nowMs, lockedUntilMs: nowMs + lockMs };
}
