import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantileMs } from "./telemetry.ts";

/** A histogram of observations: how many fell into each bucket, and beyond the last. */
function histogram(bounds: readonly number[], observations: readonly number[]): number[] {
  const ends = [...bounds, Number.POSITIVE_INFINITY];
  return ends.map((end, at) => observations.filter((it) => it <= end && it > (ends[at - 1] ?? -1)).length);
}

describe("a quantile from a histogram", () => {
  it.each([
    ["no calls at all", [], 0.5, 0],
    ["all in the first bucket: within it", [0.001, 0.001], 0.5, 5],
    ["all in the first bucket: its end", [0.001, 0.001], 1, 10],
    ["half in the first, half in the second", [0.001, 0.05], 0.5, 10],
    ["the same, three quarters", [0.001, 0.05], 0.75, 55],
    ["a bucket in between is empty", [0.001, 0.5], 1, 1000],
    ["beyond the last bound: the last bound", [30], 0.99, 1000],
  ])("%s", (_, observations, share, expectedMs) => {
    const bounds = [0.01, 0.1, 1];
    expect(quantileMs(bounds, histogram(bounds, observations), share)).toBeCloseTo(expectedMs);
  });

  const bounds = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 12 });
  const observations = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 200 });

  it("lies in the bucket that holds the true quantile, and grows with the share", () => {
    fc.assert(
      fc.property(bounds, observations, (milliseconds, seen) => {
        const sorted = milliseconds.toSorted((a, b) => a - b);
        const inSeconds = sorted.map((it) => it / 1000);
        const counts = histogram(
          inSeconds,
          seen.map((it) => it / 1000),
        );
        const order = seen.toSorted((a, b) => a - b);
        let last = 0;
        for (const share of [0.1, 0.5, 0.9, 0.99, 1]) {
          const estimate = quantileMs(inSeconds, counts, share);
          const truth = order[Math.ceil(share * seen.length) - 1] ?? 0;
          const upper = sorted.find((it) => it >= truth) ?? sorted.at(-1) ?? 0;
          const lower = sorted.findLast((it) => it < truth) ?? 0;
          expect(estimate).toBeGreaterThanOrEqual(Math.min(lower, upper) - 1e-6);
          expect(estimate).toBeLessThanOrEqual(upper + 1e-6);
          expect(estimate).toBeGreaterThanOrEqual(last - 1e-6);
          last = estimate;
        }
      }),
    );
  });
});
