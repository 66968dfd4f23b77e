import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compress, DecompressionError, decompress, ENCODINGS, firstEncoding, isEncoding } from "./compression.ts";

const encoding = fc.constantFrom(...ENCODINGS);
const MAX_BYTES = 10_000;

describe("compression", () => {
  it("gives back what it was given", async () => {
    await fc.assert(
      fc.asyncProperty(encoding, fc.uint8Array({ maxLength: 2_000 }), async (how, data) => {
        expect((await decompress(how, await compress(how, data), MAX_BYTES)).equals(data)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it.each(ENCODINGS)("stops where data becomes larger than allowed: %s", async (how) => {
    const bomb = await compress(how, Buffer.alloc(100 * MAX_BYTES));
    expect(bomb.length).toBeLessThan(MAX_BYTES);
    await expect(decompress(how, bomb, MAX_BYTES)).rejects.toMatchObject({ tooLarge: true });
    const most = await compress(how, Buffer.alloc(MAX_BYTES));
    expect(await decompress(how, most, MAX_BYTES)).toHaveLength(MAX_BYTES);
  });

  it("takes no part of its data for the whole", async () => {
    await fc.assert(
      fc.asyncProperty(encoding, fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.nat(), async (how, data, at) => {
        const whole = await compress(how, data);
        const cut = whole.subarray(0, 1 + (at % (whole.length - 1)));
        await expect(decompress(how, cut, MAX_BYTES)).rejects.toBeInstanceOf(DecompressionError);
      }),
      { numRuns: 50 },
    );
  });

  it("knows damaged data from data that is too large", async () => {
    const damaged = gzipSync("hello").fill(0xff, 10, 14);
    await expect(decompress("gzip", damaged, MAX_BYTES)).rejects.toMatchObject({ tooLarge: false });
  });

  it("takes nothing for nothing", async () => {
    for (const how of ENCODINGS) expect(await decompress(how, Buffer.alloc(0), MAX_BYTES)).toHaveLength(0);
  });
});

describe("what a client accepts", () => {
  it.each([
    ["gzip", "gzip"],
    ["br, gzip", "br"],
    ["identity,gzip", "gzip"],
    ["zstd;q=1.0, gzip;q=0.5", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["br;q=0.000,gzip;q=0.001", "gzip"],
    [" br ;q=1", "br"],
    ["deflate", undefined],
    ["*", undefined],
    ["", undefined],
    [",;,", undefined],
    ["gzipped", undefined],
  ])("%j is answered with %s", (accepted, expected) => {
    expect(firstEncoding(accepted)).toBe(expected);
  });

  it("is never more than we know", () => {
    fc.assert(
      fc.property(fc.string(), (accepted) => {
        const first = firstEncoding(accepted);
        expect(first === undefined || isEncoding(first)).toBe(true);
      }),
    );
  });
});
