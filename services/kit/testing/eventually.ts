import { vi } from "vitest";

const EVENTUALLY_MS = 10_000;

/** Waits until a check passes: long enough for a busy machine, and no longer than it takes. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, EVENTUALLY_MS);
}
