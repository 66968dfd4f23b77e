import { createHash, createPublicKey } from "node:crypto";
import { expect, it } from "vitest";
import { KEYLESS, KEYLESS_SENTENCE } from "./keyless.ts";

it("is a point of the curve", () => {
  expect(createPublicKey({ key: KEYLESS, format: "jwk" }).asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
});

it("comes from a sentence, and not from a private key", () => {
  expect(KEYLESS.x).toBe(createHash("sha256").update(KEYLESS_SENTENCE).digest("base64url"));
});
