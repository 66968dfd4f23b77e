import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encodeEnvelope } from "../wire/envelope.ts";
import { OneMessage } from "./one-message.ts";

const ROUNDS = 200;
const MAX_BYTES = 64;

/** Cuts bytes at random into pieces, empty ones among them. */
function cut(bytes: Buffer): Buffer[] {
  const cuts = Array.from({ length: randomInt(6) }, () => randomInt(bytes.length + 1)).sort((a, b) => a - b);
  return [...cuts, bytes.length].map((end, at) => bytes.subarray(cuts[at - 1] ?? 0, end));
}

describe("one message in its envelope", () => {
  it("is the same however its bytes are cut", () => {
    for (let round = 0; round < ROUNDS; round++) {
      const data = Buffer.from(Array.from({ length: randomInt(MAX_BYTES) }, () => randomInt(256)));
      const message = new OneMessage(MAX_BYTES);
      for (const piece of cut(encodeEnvelope(round % 2, data))) expect(message.add(piece)).toBeUndefined();
      expect(message.end()).toEqual({ bytes: data, compressed: round % 2 === 1 });
    }
  });

  it("has a fault as soon as it can be told, however its bytes are cut", () => {
    const faults = {
      "too large": encodeEnvelope(0, Buffer.alloc(MAX_BYTES + 1)),
      "more than one": Buffer.concat([encodeEnvelope(0, Buffer.alloc(3)), encodeEnvelope(0, Buffer.alloc(0))]),
      "cut off": encodeEnvelope(0, Buffer.alloc(9)).subarray(0, 12),
    };
    for (let round = 0; round < ROUNDS; round++) {
      for (const [fault, bytes] of Object.entries(faults)) {
        const message = new OneMessage(MAX_BYTES);
        const found = cut(bytes).map((piece) => message.add(piece));
        expect(found.find((it) => it !== undefined) ?? message.end()).toBe(fault);
      }
    }
  });

  it("that is too large is refused by its length alone", () => {
    const message = new OneMessage(MAX_BYTES);
    expect(message.add(encodeEnvelope(0, Buffer.alloc(MAX_BYTES + 1)).subarray(0, 5))).toBe("too large");
  });
});
