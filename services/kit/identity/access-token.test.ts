import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { endOf } from "../testing/call.ts";
import { createTokenVerifier, type JwkSet, TOKEN_ISSUER } from "./access-token.ts";

function keyPair(kid: string, namedCurve = "P-256") {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid } };
}

const key = keyPair("one");
const next = keyPair("two");
const stranger = keyPair("one");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

const good = { sub: "user-1", sid: "session-1", role: "customer" };

function sign(claims: object, options: jwt.SignOptions & { with?: typeof key; secret?: KeyObject } = {}): string {
  const { with: pair = key, secret = pair.privateKey, ...rest } = options;
  const defaults = { algorithm: "ES256", keyid: pair.kid, issuer: TOKEN_ISSUER, audience: TOKEN_ISSUER } as const;
  const life = "exp" in claims || "expiresIn" in rest ? {} : { expiresIn: 60 };
  return jwt.sign(claims, secret, { ...defaults, ...life, ...rest });
}

/** A token put together by hand, as no library would. */
function forge(header: object, claims: object, signature = ""): string {
  const part = (it: object) => Buffer.from(JSON.stringify(it)).toString("base64url");
  return `${part(header)}.${part(claims)}.${signature}`;
}

const nowSeconds = Math.floor(Date.now() / 1000);
const claims = { ...good, iss: TOKEN_ISSUER, aud: TOKEN_ISSUER, exp: nowSeconds + 60 };

function hs256(): string {
  const token = forge({ alg: "HS256", kid: "one" }, claims);
  const secret = JSON.stringify(key.jwk); // the public key as a shared secret: an old trick
  return token + createHmac("sha256", secret).update(token.slice(0, -1)).digest("base64url");
}

const BAD: Readonly<Record<string, () => string>> = {
  garbage: () => "garbage",
  "three empty parts": () => "..",
  "no signature at all": () => forge({ alg: "none", kid: "one" }, claims),
  "a public key as shared secret": hs256,
  "another algorithm": () => sign(good, { algorithm: "RS256", secret: rsa }),
  "another's key under a known name": () => sign(good, { with: stranger }),
  "a key nobody knows": () => sign(good, { with: next }),
  "no key named": () => jwt.sign(claims, key.privateKey, { algorithm: "ES256" }),
  "another issuer": () => sign(good, { issuer: "evil" }),
  "another audience": () => sign(good, { audience: "evil" }),
  "its life over": () => sign(good, { expiresIn: -1 }),
  "no end of its life": () => {
    const { exp, ...endless } = claims;
    return jwt.sign(endless, key.privateKey, { algorithm: "ES256", keyid: "one" });
  },
  "its life not begun": () => sign(good, { notBefore: 60 }),
  "no user": () => sign({ sid: "s", role: "customer" }),
  "no session": () => sign({ sub: "u", role: "customer" }),
  "no role": () => sign({ sub: "u", sid: "s" }),
  "a role nobody has": () => sign({ ...good, role: "owner" }),
  "a role that every object has": () => sign({ ...good, role: "toString" }),
  "a role that is a list": () => sign({ ...good, role: ["admin"] }),
  "its claims changed": () => {
    const [header, , signature] = sign(good).split(".");
    return `${header}.${Buffer.from(JSON.stringify({ ...claims, role: "admin" })).toString("base64url")}.${signature}`;
  },
  "its signature cut": () => sign(good).slice(0, -2),
};

const onlyKey = async (): Promise<JwkSet> => ({ keys: [key.jwk] });

describe("an access token", () => {
  it.each([
    ["guest", User.GUEST],
    ["customer", User.SIGNED_IN],
    ["admin", User.ADMIN],
  ] as const)("of a %s says who its bearer is", async (role, level) => {
    const token = sign({ ...good, role });
    const identity = { userId: "user-1", sessionId: "session-1", role, level, token };
    const verifier = createTokenVerifier(onlyKey);
    expect(await verifier.verify(token)).toMatchObject(identity);
    expect(await verifier.verify(token)).toMatchObject(identity);
  });

  it.each(Object.entries(BAD))("with %s is refused, however often it is shown", async (_, make) => {
    const verifier = createTokenVerifier(onlyKey);
    const token = make();
    for (let time = 0; time < 2; time++) expect(await endOf(() => verifier.verify(token))).toBe("TOKEN_INVALID");
  });
});

describe("the issuer's keys", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  /** A verifier of an issuer whose answers a test decides. */
  function verifierOf(answer: () => JwkSet | Error) {
    const fetchKeys = vi.fn(async () => {
      const keys = answer();
      if (keys instanceof Error) throw keys;
      return keys;
    });
    const verifier = createTokenVerifier(fetchKeys);
    return { fetchKeys, verifier, end: (token: string) => endOf(() => verifier.verify(token)) };
  }

  it("are asked for once, for many tokens at once and later ones", async () => {
    const { fetchKeys, end } = verifierOf(() => ({ keys: [key.jwk] }));
    const tokens = Array.from({ length: 5 }, (_, index) => sign({ ...good, sub: `user-${index}` }));
    expect(new Set(await Promise.all(tokens.map(end)))).toEqual(new Set(["OK"]));
    expect(await end(sign({ ...good, sub: "later" }))).toBe("OK");
    expect(fetchKeys).toHaveBeenCalledTimes(1);
  });

  it("are there before the first token, when they were prepared, even if the issuer comes later", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout"] });
    let keys: JwkSet | Error = new Error("not yet");
    const { fetchKeys, verifier, end } = verifierOf(() => keys);
    verifier.prepare();
    verifier.prepare();
    await vi.advanceTimersByTimeAsync(10_000);
    const asked = fetchKeys.mock.calls.length;
    expect(asked).toBeGreaterThan(1);
    keys = { keys: [key.jwk] };
    await vi.advanceTimersByTimeAsync(3_000);
    expect(fetchKeys).toHaveBeenCalledTimes(asked + 1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await end(sign(good))).toBe("OK");
    expect(fetchKeys).toHaveBeenCalledTimes(asked + 1);
  });

  it("that were prepared do not keep a token of a newer one from asking at once", async () => {
    let keys = [key.jwk];
    const { fetchKeys, verifier, end } = verifierOf(() => ({ keys }));
    verifier.prepare();
    await Promise.resolve();
    expect(fetchKeys).toHaveBeenCalledTimes(1);
    keys = [key.jwk, next.jwk];
    expect(await end(sign(good, { with: next }))).toBe("OK");
  });

  it("are asked for again for a key that is new, but not for each forged one", async () => {
    let keys = [key.jwk];
    const { fetchKeys, end } = verifierOf(() => ({ keys }));
    expect(await end(sign(good))).toBe("OK");
    for (let attempt = 0; attempt < 20; attempt++) await end(sign(good, { with: keyPair(`made-up-${attempt}`) }));
    expect(fetchKeys).toHaveBeenCalledTimes(1);
    keys = [key.jwk, next.jwk];
    vi.advanceTimersByTime(3_000);
    expect(await end(sign(good, { with: next }))).toBe("OK");
    expect(fetchKeys).toHaveBeenCalledTimes(2);
  });

  it("that are known serve on while the issuer is away; of others nobody can tell", async () => {
    let away = false;
    const { fetchKeys, end } = verifierOf(() => (away ? new Error("away") : { keys: [key.jwk] }));
    expect(await end(sign(good))).toBe("OK");
    away = true;
    vi.advanceTimersByTime(10 * 60_000);
    for (let attempt = 0; attempt < 20; attempt++) expect(await end(sign({ ...good, sub: `${attempt}` }))).toBe("OK");
    expect(await end(sign(good, { with: next }))).toBe("DEPENDENCY_UNAVAILABLE");
    expect(fetchKeys.mock.calls.length).toBeLessThanOrEqual(3);
    away = false;
    vi.advanceTimersByTime(3_000);
    expect(await end(sign(good, { with: next }))).toBe("TOKEN_INVALID");
  });

  it("do not matter to a token that was checked before, until its life is over", async () => {
    const { end } = verifierOf(() => ({ keys: [key.jwk] }));
    const token = sign(good, { expiresIn: 60 });
    expect(await end(token)).toBe("OK");
    vi.advanceTimersByTime(59_000);
    expect(await end(token)).toBe("OK");
    vi.advanceTimersByTime(2_000);
    expect(await end(token)).toBe("TOKEN_INVALID");
  });
});
