import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Body } from "./body.ts";

const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 });

describe("a body", () => {
  it("is the same however it is cut", () => {
    fc.assert(
      fc.property(pieces, (chunks) => {
        const body = new Body(1_000);
        expect(chunks.every((it) => body.add(Buffer.from(it)))).toBe(true);
        expect(body.bytes().equals(Buffer.concat(chunks))).toBe(true);
        expect(body.length).toBe(Buffer.concat(chunks).length);
      }),
    );
  });

  it("is refused at the piece that makes it too large, and keeps nothing then", () => {
    fc.assert(
      fc.property(pieces, fc.nat({ max: 200 }), (chunks, maxBytes) => {
        const body = new Body(maxBytes);
        let length = 0;
        for (const it of chunks) {
          length += it.length;
          expect(body.add(Buffer.from(it))).toBe(length <= maxBytes);
          if (length > maxBytes) expect(body.bytes()).toHaveLength(0);
        }
      }),
    );
  });
});
