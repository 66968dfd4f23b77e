import { describe, expect, it } from "vitest";
import { resultOf } from "./h2load.ts";
import { parseStat } from "./processor-time.ts";

describe("what programs say of themselves", () => {
  it("h2load's log tells durations and the time from the first call to the last answer", () => {
    const log = "1000000\t200\t5000\n1002000\t200\t8000\n1009000\t-1\t100\n";
    expect(resultOf(log)).toEqual({ latenciesMs: [5, 8], seconds: 0.01 });
    expect(() => resultOf("1\t503\t1\n")).toThrow("503");
  });

  it("a process's times are read past whatever its name holds", () => {
    const text = "42 (postgres: a) b) S 7 42 42 0 -1 4194560 900 0 0 0 11 22 33 44 20 0 1 0 5 6 7";
    expect(parseStat(text)).toEqual({ parent: 7, ownTicks: 33, endedTicks: 77 });
  });
});
