import http2 from "node:http2";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JwkSet } from "#kit/identity/access-token.ts";
import { createTokenIssuer } from "./access-tokens.ts";
import { openKeysPort } from "./keys-port.ts";
import { openTestStore, type TestStore } from "./testing.ts";

const KEYS = "/.well-known/jwks.json";
const log = pino({ level: "silent" });
let test: TestStore;
let keys: Awaited<ReturnType<typeof openKeysPort>>;
beforeAll(async () => {
  test = await openTestStore();
  const tokens = createTokenIssuer({ store: test.store, nowMs: Date.now });
  keys = await openKeysPort({ host: "127.0.0.1", port: 0, tokens, log });
});
afterAll(async () => {
  await keys.close();
  await test.close();
});

const ask = (path: string, method = "GET") => fetch(`http://127.0.0.1:${keys.port}${path}`, { method });

describe("the port for keys", () => {
  it("publishes them, already before the first token, and no private part", async () => {
    const answer = await ask(`${KEYS}?fresh`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/jwk-set+json"]);
    const set = (await answer.json()) as JwkSet;
    expect(set.keys).toHaveLength(1);
    expect(set.keys[0]).toMatchObject({ kty: "EC", alg: "ES256", use: "sig" });
    expect(set.keys[0]).not.toHaveProperty("d");
  });

  it.each([
    ["POST", KEYS],
    ["PUT", KEYS],
    ["DELETE", KEYS],
    ["GET", "/"],
    ["GET", "/health"],
    ["GET", "/ready"],
    ["GET", "/metrics"],
    ["GET", `${KEYS}/`],
    ["GET", "/.well-known/openid-configuration"],
    ["POST", "/shop.auth.v1.AuthService/SignIn"],
    ["GET", "/shop.auth.v1.AuthService/VerifyToken"],
  ])("answers %s %s with 404", async (method, path) => {
    expect((await ask(path, method)).status).toBe(404);
  });

  it("knows no calls by HTTP/2 either", async () => {
    const session = http2.connect(`http://127.0.0.1:${keys.port}`);
    const request = { ":method": "POST", ":path": "/grpc.health.v1.Health/Check", "content-type": "application/grpc" };
    const stream = session.request(request).resume();
    const status = await new Promise((resolve) => stream.on("response", (it) => resolve(it[":status"])));
    session.close();
    expect(status).toBe(404);
  });

  it("names its own setting when the port is taken", async () => {
    const tokens = createTokenIssuer({ store: test.store, nowMs: Date.now });
    const again = openKeysPort({ host: "127.0.0.1", port: keys.port, tokens, log });
    await expect(again).rejects.toThrow(/AUTH_KEYS_PORT/);
  });
});
