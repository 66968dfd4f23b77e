import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEnvelopes, ENVELOPE_HEAD_BYTES, encodeEnvelope, encodeEnvelopes } from "./envelope.ts";

const envelope = fc.record({ flags: fc.nat({ max: 255 }), data: fc.uint8Array({ maxLength: 300 }) });
const plain = (it: { flags: number; data: Uint8Array }) => ({ flags: it.flags, data: [...it.data] });

describe("envelopes", () => {
  it("come out as they went in", () => {
    fc.assert(
      fc.property(fc.array(envelope, { maxLength: 5 }), (envelopes) => {
        expect(decodeEnvelopes(encodeEnvelopes(...envelopes))?.map(plain)).toEqual(envelopes.map(plain));
      }),
    );
  });

  it("are written alike one by one and together", () => {
    fc.assert(
      fc.property(fc.array(envelope, { maxLength: 5 }), (envelopes) => {
        const single = envelopes.map(({ flags, data }) => encodeEnvelope(flags, data));
        expect(encodeEnvelopes(...envelopes).equals(Buffer.concat(single))).toBe(true);
      }),
    );
  });

  it("are whole only where one ends: no other prefix is taken for them", () => {
    fc.assert(
      fc.property(fc.array(envelope, { minLength: 1, maxLength: 3 }), fc.nat(), (envelopes, at) => {
        const bytes = encodeEnvelopes(...envelopes);
        const length = at % bytes.length;
        let end = 0;
        const ends = [0, ...envelopes.map(({ data }) => (end += ENVELOPE_HEAD_BYTES + data.length))];
        const whole = ends.indexOf(length);
        const expected = whole < 0 ? undefined : envelopes.slice(0, whole).map(plain);
        expect(decodeEnvelopes(bytes.subarray(0, length))?.map(plain)).toEqual(expected);
      }),
    );
  });

  it("are never made of bytes that are none, and reading them ends", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const envelopes = decodeEnvelopes(Buffer.from(bytes));
        if (envelopes !== undefined) expect([...encodeEnvelopes(...envelopes)]).toEqual([...bytes]);
      }),
    );
  });
});
