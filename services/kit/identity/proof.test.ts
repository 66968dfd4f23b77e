import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createProofs } from "./proof.ts";

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const name = fc.stringMatching(/^[a-z]{1,12}$/);

describe("a workload's proof", () => {
  it("is believed by who shares the secret, and by nobody else", () => {
    fc.assert(
      fc.property(bytes, bytes, name, (secret, other, workload) => {
        const proof = createProofs(secret).prove(workload);
        expect(createProofs(secret).verify(proof)).toBe(workload);
        fc.pre(Buffer.compare(secret, other) !== 0);
        expect(createProofs(other).verify(proof)).toBeUndefined();
      }),
    );
  });

  it("proves one name: no other, and nothing once a character is changed", () => {
    const proofs = createProofs(Buffer.alloc(32, 7));
    fc.assert(
      fc.property(name, name, fc.nat(), fc.stringMatching(/^[\w.-]$/), (workload, other, at, character) => {
        const proof = proofs.prove(workload);
        fc.pre(workload !== other);
        expect(proofs.verify(proof.replace(workload, other))).toBeUndefined();
        const index = at % proof.length;
        const changed = proof.slice(0, index) + character + proof.slice(index + 1);
        fc.pre(changed !== proof);
        expect(proofs.verify(changed)).toBeUndefined();
      }),
    );
  });

  it("is not made up: whatever else is in the header proves nothing", () => {
    const proofs = createProofs(Buffer.alloc(32, 7));
    fc.assert(fc.property(fc.string(), (value) => proofs.verify(value) === undefined));
  });
});
