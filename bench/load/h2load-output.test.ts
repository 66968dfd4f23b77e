import { describe, expect, it } from "vitest";
import { parseH2load, parseH2loadLog } from "./h2load-output.ts";

const output = (finished: string) => `Main benchmark duration is over for thread #0. Stopping all clients.
Stopped all clients for thread #0

finished in ${finished}, 5.47MB/s
requests: 49168 total, 49232 started, 49168 done, 49160 succeeded, 8 failed, 0 errored, 0 timeout
status codes: 49200 2xx, 0 3xx, 7 4xx, 1 5xx
traffic: 10.93MB (11464156) total, 144.48KB (147944) headers (space savings 96.09%), 9.48MB (9938400) data
                     min         max         mean         sd        +/- sd
time for request:      813us     38.47ms      2.58ms      3.06ms    92.91%
req/s           :    6135.60     6159.55     6145.58       11.96    75.00%
`;

describe("h2load's output", () => {
  it("is read, whatever the unit of the time", () => {
    for (const [finished, requestsPerSecond] of [
      ["2.00s, 24584.00 req/s", 24_584],
      ["812.50ms, 60514.46 req/s", 60_514.46],
      ["950us, 51755789.47 req/s", 51_755_789.47],
      ["1.50m, 546.31 req/s", 546.31],
    ] as const) {
      expect(parseH2load(output(finished))).toEqual({
        requestsPerSecond,
        done: 49_168,
        succeeded: 49_160,
        failed: 8,
        status2xx: 49_200,
        dataBytes: 9_938_400,
      });
    }
  });

  it("is refused when it is none", () => {
    expect(() => parseH2load("Could not connect to host")).toThrow("Could not connect");
  });

  it("has a log with a line for each request", () => {
    expect(parseH2loadLog("1700000000000000\t200\t813\n1700000000000900\t-1\t20\n")).toEqual([
      { startUs: 1_700_000_000_000_000, status: 200, durationUs: 813 },
      { startUs: 1_700_000_000_000_900, status: -1, durationUs: 20 },
    ]);
  });
});
