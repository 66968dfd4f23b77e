import { describe, expect, it } from "vitest";
import { median, quantile } from "./statistics.ts";

describe("figures", () => {
  it.each([
    [[3], 3],
    [[3, 1], 2],
    [[5, 1, 3], 3],
    [[4, 1, 2, 3], 2.5],
  ])("the median of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("a quantile is a value that occurred", () => {
    const values = Array.from({ length: 200 }, (_, index) => index + 1);
    expect([0.5, 0.99, 1].map((share) => quantile(values, share))).toEqual([100, 198, 200]);
  });
});
