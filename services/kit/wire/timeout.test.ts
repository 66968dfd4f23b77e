import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConnectTimeout, readGrpcTimeout, writeGrpcTimeout } from "./timeout.ts";

describe("a time that a caller has", () => {
  it.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["100m", 100],
    ["1500u", 1.5],
    ["250000n", 0.25],
    ["0S", 0],
    ["99999999m", 99_999_999],
    ["007m", 7],
  ])("is read from grpc-timeout: %s", (value, ms) => {
    expect(readGrpcTimeout(value)).toBeCloseTo(ms, 9);
  });

  it.each(["", "1", "S", "1s", "1.5S", "-1S", "+1S", " 1S", "1S ", "1 S", "123456789m", "1e3m", "٣S", "1S,1S"])(
    "is not read from grpc-timeout: %j",
    (value) => expect(readGrpcTimeout(value)).toBeNaN(),
  );

  it.each([
    ["0", 0],
    ["5", 5],
    ["9999999999", 9_999_999_999],
  ])("is read from connect-timeout-ms: %s", (value, ms) => {
    expect(readConnectTimeout(value)).toBe(ms);
  });

  it.each(["", "1.5", "-1", "+1", " 1", "1 ", "1e3", "0x10", "12345678901", "soon"])(
    "is not read from connect-timeout-ms: %j",
    (value) => expect(readConnectTimeout(value)).toBeNaN(),
  );

  it("is never shorter when it is passed on, and hardly longer", () => {
    const longest = 99_999_999 * 3_600_000;
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: longest, noNaN: true }), (ms) => {
        const written = writeGrpcTimeout(ms);
        expect(written).toMatch(/^\d{1,8}[mSH]$/);
        const read = readGrpcTimeout(written);
        expect(read).toBeGreaterThanOrEqual(ms);
        // Rounded up to milliseconds; to seconds after a day, to hours after years.
        const unitMs = written.endsWith("m") ? 1 : written.endsWith("S") ? 1_000 : 3_600_000;
        expect(read - ms).toBeLessThanOrEqual(unitMs);
      }),
    );
  });

  it("is over when nothing is left of it", () => {
    expect([0, -5].map(writeGrpcTimeout)).toEqual(["0m", "0m"]);
  });
});
