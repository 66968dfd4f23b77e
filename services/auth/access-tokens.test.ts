import { createPublicKey, randomUUID } from "node:crypto";
import fc from "fast-check";
import jwt from "jsonwebtoken";
import { expect, it } from "vitest";
import { ACCESS_TOKEN_MS, createTokenVerifier, type JwkSet } from "#kit/identity/access-token.ts";
import { createTokenIssuer } from "./access-tokens.ts";
import { KEY_AHEAD_MS, KEY_SIGNS_MS } from "./signing-keys.ts";
import { openTestStore, testClock } from "./testing.ts";

const HOUR_MS = 3_600_000;
const subject = () => ({ userId: randomUUID(), sessionId: randomUUID(), role: "customer" as const });
const kidOf = (token: string) => jwt.decode(token, { complete: true })?.header.kid;

function isValid(token: string, set: JwkSet, nowMs: number): boolean {
  const jwk = set.keys.find((it) => it.kid === kidOf(token));
  if (jwk === undefined) return false;
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return jwt.verify(token, key, { algorithms: ["ES256"], clockTimestamp: Math.floor(nowMs / 1000) }) !== undefined;
}

it("issues tokens that the mesh's verifier accepts", async () => {
  const test = await openTestStore();
  const issuer = createTokenIssuer({ store: test.store, nowMs: Date.now });
  const who = subject();
  const { token } = await issuer.issue(who);
  expect(await createTokenVerifier(() => issuer.publicKeys()).verify(token)).toMatchObject(who);
  const [key] = (await issuer.publicKeys()).keys;
  expect(key).toMatchObject({ kty: "EC", crv: "P-256", use: "sig", alg: "ES256" });
  expect(key).not.toHaveProperty("d");
  await test.close();
});

it("publishes the key of every living token, and each key before it signs, while replicas rotate keys", async () => {
  const test = await openTestStore();
  const clock = testClock();
  const pauses = fc.constantFrom(
    1000,
    ACCESS_TOKEN_MS - 1000,
    HOUR_MS,
    12 * HOUR_MS,
    KEY_AHEAD_MS,
    KEY_SIGNS_MS - HOUR_MS,
    2 * KEY_SIGNS_MS,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(pauses, fc.boolean()), { minLength: 5, maxLength: 25 }), async (steps) => {
      const replicas = [0, 1].map(() => createTokenIssuer({ store: test.store, nowMs: clock.nowMs }));
      let living: { token: string; expireMs: number }[] = [];
      let cached: { set: JwkSet; atMs: number } | undefined;
      for (const [pauseMs, second] of steps) {
        clock.pass(pauseMs);
        const nowMs = clock.nowMs();
        const issued = await replicas[second ? 1 : 0]?.issue(subject());
        if (issued !== undefined) living.push(issued);
        living = living.filter((it) => it.expireMs > nowMs);
        // A list kept for less than a key is published ahead knows the key that signs now.
        if (cached !== undefined && nowMs - cached.atMs < HOUR_MS)
          expect(cached.set.keys.map((it) => it.kid)).toContain(kidOf(issued?.token ?? ""));
        for (const replica of replicas) {
          const set = await replica.publicKeys();
          for (const { token } of living) expect(isValid(token, set, nowMs)).toBe(true);
          expect(set.keys.length).toBeLessThanOrEqual(2);
          cached = { set, atMs: nowMs };
        }
      }
      await test.store.sweep(clock.nowMs(), 100);
    }),
    { numRuns: 25 },
  );
  await test.close();
});
