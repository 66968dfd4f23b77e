import { generateKeyPairSync, randomUUID } from "node:crypto";
import { ACCESS_TOKEN_MS } from "#kit/identity/access-token.ts";

/** A key that signs access tokens for a time, and is published for longer. */
export interface SigningKey {
  readonly kid: string;
  /** PKCS #8. */
  readonly privatePem: string;
  readonly signFromMs: number;
  readonly signUntilMs: number;
  readonly publishUntilMs: number;
}

export const KEY_SIGNS_MS = 30 * 24 * 3_600_000;
/** A new key is published so long before it signs: longer than anybody keeps the list of keys. */
export const KEY_AHEAD_MS = 24 * 3_600_000;
/** How far the clocks of replicas may differ. */
const CLOCKS_DIFFER_MAX_MS = 3_600_000;

function generate(signFromMs: number): SigningKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signUntilMs = signFromMs + KEY_SIGNS_MS;
  return {
    kid: randomUUID(),
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    signFromMs,
    signUntilMs,
    publishUntilMs: signUntilMs + ACCESS_TOKEN_MS + CLOCKS_DIFFER_MAX_MS,
  };
}

/** The key that has to be added to those there are, if any: each follows the one before without a gap. */
export function missingKey(keys: readonly SigningKey[], nowMs: number): SigningKey | undefined {
  const lastMs = Math.max(0, ...keys.map((it) => it.signUntilMs));
  // The first key, or the first after a long stop: nobody holds a list of keys in which it could be missing for long.
  if (lastMs <= nowMs) return generate(nowMs);
  return lastMs - nowMs <= KEY_AHEAD_MS ? generate(lastMs) : undefined;
}

/** The key to sign with now. */
export function signingKeyAt<T extends SigningKey>(keys: readonly T[], nowMs: number): T | undefined {
  return keys.find((it) => it.signFromMs <= nowMs && nowMs < it.signUntilMs);
}
