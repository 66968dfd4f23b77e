import { expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

const policy = { baseMs: 50, factor: 2, maxMs: 300, jitter: 0.5 };

it("waiting grows with each failure up to a limit, and a part of it is left to chance", () => {
  for (const [failures, wholeMs] of [50, 100, 200, 300, 300].entries()) {
    expect(backoffMs(policy, failures + 1, () => 0)).toBe(wholeMs);
    expect(backoffMs(policy, failures + 1, () => 1)).toBe(wholeMs / 2);
    const waitMs = backoffMs(policy, failures + 1);
    expect(waitMs).toBeGreaterThanOrEqual(wholeMs / 2);
    expect(waitMs).toBeLessThanOrEqual(wholeMs);
  }
});
