import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import { ACCESS_TOKEN_MS, type JwkSet, type RoleClaim, TOKEN_ISSUER } from "#kit/identity/access-token.ts";
import { missingKey, type SigningKey, signingKeyAt } from "./signing-keys.ts";
import type { AuthStore } from "./store.ts";

/** A signed token and when it ceases to be valid. */
export interface IssuedToken {
  readonly token: string;
  readonly expireMs: number;
}

/** Issues access tokens, and publishes the keys to check them with. */
export interface TokenIssuer {
  issue(subject: { userId: string; sessionId: string; role: RoleClaim }, lifetimeMs?: number): Promise<IssuedToken>;
  /** The key of every token that has not expired. */
  publicKeys(): Promise<JwkSet>;
}

interface LoadedKey extends SigningKey {
  readonly privateKey: KeyObject;
}

const KEYS_RELOAD_MS = 60_000;

/** A token issuer over the store's keys; adds the next key when it is time, so that use alone keeps them rotating. */
export function createTokenIssuer(deps: { store: AuthStore; nowMs: () => number }): TokenIssuer {
  const { store, nowMs } = deps;
  let keys: readonly LoadedKey[] = [];
  let loadedMs = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;
  const load = async () => {
    const atMs = nowMs();
    let stored = await store.signingKeys();
    if (missingKey(stored, atMs) !== undefined) stored = await store.addSigningKey((them) => missingKey(them, atMs));
    keys = stored.map((it) => ({ ...it, privateKey: createPrivateKey(it.privatePem) }));
    loadedMs = atMs;
  };
  const current = async (): Promise<{ atMs: number; key: LoadedKey }> => {
    if (nowMs() - loadedMs > KEYS_RELOAD_MS || signingKeyAt(keys, nowMs()) === undefined) {
      pending ??= load().finally(() => {
        pending = undefined;
      });
      await pending;
    }
    const atMs = nowMs();
    const key = signingKeyAt(keys, atMs);
    if (key === undefined) throw new Error("There is no key to sign with");
    return { atMs, key };
  };
  return {
    async issue({ userId, sessionId, role }, lifetimeMs = ACCESS_TOKEN_MS) {
      const { atMs, key } = await current();
      const iat = Math.floor(atMs / 1000);
      const exp = iat + Math.floor(Math.min(lifetimeMs, ACCESS_TOKEN_MS) / 1000);
      const token = jwt.sign(
        { sub: userId, sid: sessionId, role, iss: TOKEN_ISSUER, aud: TOKEN_ISSUER, iat, exp },
        key.privateKey,
        {
          algorithm: "ES256",
          keyid: key.kid,
        },
      );
      return { token, expireMs: exp * 1000 };
    },
    async publicKeys() {
      const { atMs } = await current();
      const published = keys.filter((it) => atMs < it.publishUntilMs);
      return {
        keys: published.map(({ kid, privateKey }) => ({
          ...createPublicKey(privateKey).export({ format: "jwk" }),
          kid,
          alg: "ES256",
          use: "sig",
        })),
      };
    },
  };
}
