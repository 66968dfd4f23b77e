import { describe, expect, it } from "vitest";
import { outcomeOf, parseGhz } from "./ghz-output.ts";

const detail = (endS: string, latencyMs: number, status: string) => ({
  timestamp: `2026-03-01T10:00:0${endS}123456Z`,
  latency: latencyMs * 1_000_000,
  error: "",
  status,
});

describe("ghz's output", () => {
  const calls = parseGhz(
    JSON.stringify({
      details: [
        detail("0.010", 10, "OK"), // the first: it begins at 0
        detail("1.000", 20, "OK"),
        detail("1.500", 1, "ResourceExhausted"),
        detail("2.900", 500, "DeadlineExceeded"),
        detail("2.950", 40, "OK"),
        detail("3.000", 30, "OK"), // begins in time, ends too late
      ],
    }),
  );

  it("has when each call ended, how long it took and how it ended", () => {
    expect(calls[2]).toEqual({ endMs: Date.UTC(2026, 2, 1, 10, 0, 1, 500), latencyMs: 1, status: "ResourceExhausted" });
  });

  it("counts as good what ended well within the time looked at", () => {
    const { goodPerSecond, offeredPerSecond, refused, latenciesMs } = outcomeOf(calls, 1_000, 3_000);
    expect({ goodPerSecond, offeredPerSecond, latenciesMs, refused: Object.fromEntries(refused) }).toEqual({
      goodPerSecond: 1,
      offeredPerSecond: 2,
      latenciesMs: [20, 40],
      refused: { ResourceExhausted: 1, DeadlineExceeded: 1 },
    });
  });
});
