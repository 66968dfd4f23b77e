import { describe, expect, it } from "vitest";
import { ratioOf } from "./ratio.ts";

const turn = (requestsPerSecond: number, cpuUsPerCall: number, busy = 1) => ({
  requestsPerSecond,
  cpuUsPerCall,
  busy,
  refusedShare: 0,
});

describe("a ratio of two servers", () => {
  it("is the median of the rounds' ratios, so that drift and one bad round do not count", () => {
    const ones = [turn(500, 2_000), turn(50, 2_000), turn(5_000, 200)];
    const others = [turn(1_000, 1_000), turn(2_000, 1_000), turn(10_000, 100)];
    expect(ratioOf(ones, others)).toMatchObject({ byRequests: 0.5, byCpu: 0.5, value: 0.5, isByRequests: true });
  });

  it("goes by CPU time where a server did not have its core for itself", () => {
    const ratio = ratioOf([turn(300, 2_000, 0.6)], [turn(1_000, 1_000)]);
    expect(ratio).toMatchObject({ byRequests: 0.3, byCpu: 0.5, value: 0.5, isByRequests: false });
  });
});
