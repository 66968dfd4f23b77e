import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import { LRUCache } from "lru-cache";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { callFailure, type Failure } from "../failure.ts";

/** Issuer and audience of the shop's access tokens. */
export const TOKEN_ISSUER = "shopmesh";

/** The longest life of an access token. */
export const ACCESS_TOKEN_MS = 10 * 60_000;

/** Claim values of `role`, and how far up the contract's scale of users each reaches. */
export const ROLE_LEVEL = { guest: User.GUEST, customer: User.SIGNED_IN, admin: User.ADMIN } as const;
export type RoleClaim = keyof typeof ROLE_LEVEL;

/** Who a valid access token says its bearer is. */
export interface UserIdentity {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: RoleClaim;
  readonly level: User;
  /** The token itself, to call other services on the user's behalf. */
  readonly token: string;
}

/** The public keys of the token issuer (RFC 7517). */
export interface JwkSet {
  readonly keys: readonly (JsonWebKey & { readonly kid?: string })[];
}

/** Checks access tokens. */
export interface TokenVerifier {
  /**
   * At once for a token that was checked before, else by a promise.
   * @throws Failure TOKEN_INVALID for a forged, malformed or expired token.
   */
  verify(token: string): UserIdentity | Promise<UserIdentity>;
}

/** The same, with keys that come from elsewhere. */
export interface FetchingVerifier extends TokenVerifier {
  /** Fetches the keys before they are needed, as often as it takes: the first token must not wait for them. */
  prepare(): void;
}

const CACHED_TOKENS_MAX = 10_000;
const KEYS_FRESH_MS = 5 * 60_000;
// A token with an unknown key may be signed by a new one, or be an attack: ask the issuer, but not for each.
const KEYS_RETRY_MS = 2_000;
// The issuer may start later than those that ask it; who is up by then fetches the keys with the first token.
const PREPARE_MAX = 60;

function invalid(cause?: unknown): Failure {
  return callFailure(ErrorReason.TOKEN_INVALID, "The access token is not valid (any more).", { cause });
}

/** The issuer's keys, fetched when needed and kept for a while; old ones still serve while the issuer is away. */
function createKeyCache(fetchKeys: () => Promise<JwkSet>) {
  let keys = new Map<string, KeyObject>();
  let fetchedMs = Number.NEGATIVE_INFINITY;
  let askedMs = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;
  let away: unknown;
  const refresh = async () => {
    try {
      const set = await fetchKeys();
      keys = new Map(set.keys.map((jwk) => [jwk.kid ?? "", createPublicKey({ key: jwk, format: "jwk" })]));
      fetchedMs = performance.now();
      away = undefined;
    } catch (error) {
      away = error;
    } finally {
      pending = undefined;
    }
  };
  const ask = () => {
    const nowMs = performance.now();
    if (pending !== undefined || nowMs - askedMs <= KEYS_RETRY_MS) return;
    askedMs = nowMs;
    pending = refresh();
  };
  const prepare = (attempt = 1): void => {
    if (keys.size > 0 || attempt > PREPARE_MAX) return;
    pending ??= refresh(); // and a token may still ask again at once
    setTimeout(() => prepare(attempt + 1), KEYS_RETRY_MS + 1).unref();
  };
  const keyOf = async (kid: string): Promise<KeyObject | undefined> => {
    if (!keys.has(kid) || performance.now() - fetchedMs > KEYS_FRESH_MS) ask();
    const known = keys.get(kid);
    if (known !== undefined) return known;
    await pending;
    if (away === undefined || keys.has(kid)) return keys.get(kid);
    throw callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "Tokens cannot be checked at the moment.", { cause: away });
  };
  return { keyOf, prepare: () => prepare() };
}

function identityOf(claims: jwt.JwtPayload, token: string): UserIdentity {
  const { sub, sid, role } = claims as { sub?: unknown; sid?: unknown; role?: unknown };
  if (
    typeof sub !== "string" ||
    typeof sid !== "string" ||
    typeof role !== "string" ||
    !Object.hasOwn(ROLE_LEVEL, role)
  )
    throw invalid();
  return { userId: sub, sessionId: sid, role: role as RoleClaim, level: ROLE_LEVEL[role as RoleClaim], token };
}

/** A verifier of ES256 tokens with a bounded cache, so that a signature is checked once and not with every call. */
export function createTokenVerifier(fetchKeys: () => Promise<JwkSet>): FetchingVerifier {
  const { keyOf, prepare } = createKeyCache(fetchKeys);
  const cache = new LRUCache<string, UserIdentity & { expireMs: number }>({ max: CACHED_TOKENS_MAX });
  const check = async (token: string): Promise<UserIdentity> => {
    const header = jwt.decode(token, { complete: true })?.header;
    const key = header?.kid === undefined ? undefined : await keyOf(header.kid);
    if (key === undefined) throw invalid();
    let claims: jwt.JwtPayload;
    try {
      claims = jwt.verify(token, key, {
        algorithms: ["ES256"],
        issuer: TOKEN_ISSUER,
        audience: TOKEN_ISSUER,
      }) as jwt.JwtPayload;
    } catch (error) {
      throw invalid(error);
    }
    if (claims.exp === undefined) throw invalid();
    const identity = { ...identityOf(claims, token), expireMs: claims.exp * 1000 };
    cache.set(token, identity);
    return identity;
  };
  return {
    prepare,
    verify(token) {
      const cached = cache.get(token);
      if (cached === undefined) return check(token);
      if (cached.expireMs > Date.now()) return cached;
      cache.delete(token);
      throw invalid();
    },
  };
}
