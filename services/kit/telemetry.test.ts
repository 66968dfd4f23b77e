import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantileMs } from "./telemetry.ts";

/** A histogram of observations, as prom-client keeps one: cumulative counts by upper bound in seconds. */
function histogram(bounds: readonly number[], observations: readonly number[]): Map<number, number> {
  return new Map(
    [...bounds, Number.POSITIVE_INFINITY].map((bound) => [bound, observations.filter((it) => it <= bound).length]),
  );
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
    expect(quantileMs(histogram([0.01, 0.1, 1], observations), observations.length, share)).toBeCloseTo(expectedMs);
  });

  const bounds = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 12 });
  const observations = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 200 });

  it("lies in the bucket that holds the true quantile, and grows with the share", () => {
    fc.assert(
      fc.property(bounds, observations, (milliseconds, seen) => {
        const sorted = milliseconds.toSorted((a, b) => a - b);
        const inSeconds = histogram(
          sorted.map((it) => it / 1000),
          seen.map((it) => it / 1000),
        );
        const order = seen.toSorted((a, b) => a - b);
        let last = 0;
        for (const share of [0.1, 0.5, 0.9, 0.99, 1]) {
          const estimate = quantileMs(inSeconds, seen.length, share);
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
