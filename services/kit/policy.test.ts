import { createServer } from "node:net";
import type { DescService } from "@bufbuild/protobuf";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { services } from "#gen/services.js";
import { ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { createTokenVerifier } from "./identity/access-token.ts";
import { createProofs, proofIdentity } from "./identity/proof.ts";
import { createMetrics } from "./metrics.ts";
import { policyOf, statusCodeOf, timeoutMsOf } from "./policy.ts";
import { serve } from "./serve.ts";
import { contractOf, type TestRpc } from "./testing/contract.ts";

const good = { callers: ["edge"], user: User.ANY, timeout: { seconds: 1n } };

/** Everything that a policy may lack, and what is said about it. */
const FAULTS: readonly [string, Omit<TestRpc, "name">, RegExp][] = [
  ["no policy", {}, /has no \(shop\.mesh\.v1\.policy\)/],
  ["a stream without policy", { streams: true }, /has no \(shop\.mesh\.v1\.policy\)/],
  ["an empty policy", { policy: {} }, /names no callers/],
  ["no callers", { policy: { ...good, callers: [] } }, /names no callers/],
  ["no user", { policy: { callers: ["edge"], timeout: { seconds: 1n } } }, /whom it serves \(user\)/],
  ["the unspecified user", { policy: { ...good, user: User.UNSPECIFIED } }, /whom it serves \(user\)/],
  ["unary without timeout", { policy: { callers: ["edge"], user: User.ANY } }, /has no timeout/],
  ["a timeout of nothing", { policy: { ...good, timeout: {} } }, /has no timeout/],
  ["a stream's timeout of nothing", { streams: true, policy: { ...good, timeout: {} } }, /has no timeout/],
  ["a rate limit without period", { policy: { ...good, rateLimit: { requests: 1 } } }, /incomplete rate limit/],
  ["a period of nothing", { policy: { ...good, rateLimit: { requests: 1, period: {} } } }, /incomplete rate limit/],
  ["a rate limit of nothing", { policy: { ...good, rateLimit: { period: { seconds: 1n } } } }, /incomplete rate limit/],
];

function methodOf(rpc: Omit<TestRpc, "name">) {
  const [method] = contractOf([{ name: "Say", ...rpc }]).methods;
  if (method === undefined) throw new Error("no method");
  return method;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Tries to start a service with this contract, with nothing behind it. */
function start(service: DescService, port: number, answers = true) {
  const deps = {
    workload: "product",
    host: "127.0.0.1",
    port,
    log: pino({ level: "silent" }),
    metrics: createMetrics("product"),
    enableMetrics: true,
    enableReflection: true,
    identity: proofIdentity(createProofs(new Uint8Array(32)), "product"),
    tokens: createTokenVerifier(async () => ({ keys: [] })),
  };
  const methods = answers ? Object.fromEntries(service.methods.map((it) => [it.localName, () => ({})])) : {};
  return serve(deps, { services: [{ service, methods }], ready: async () => {} });
}

describe("a contract that does not say who may call an RPC, and how", () => {
  it.each(FAULTS)("%s: is refused by name, and no service starts on it", async (_, rpc, complaint) => {
    const method = methodOf(rpc);
    expect(() => policyOf(method)).toThrow(complaint);
    expect(() => policyOf(method)).toThrow("test.product.v1.EchoService/Say ");
    expect(() => policyOf(method)).toThrow("test/echo.proto");
    const port = await freePort();
    await expect(start(method.parent, port)).rejects.toThrow(complaint);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
  });

  it("is enough when complete; a stream may live without a timeout", async () => {
    expect(timeoutMsOf(policyOf(methodOf({ policy: good })))).toBe(1_000);
    const endless = methodOf({ streams: true, policy: { callers: ["edge"], user: User.ANY } });
    expect(timeoutMsOf(policyOf(endless))).toBeUndefined();
    const served = await start(endless.parent, 0);
    expect((await fetch(`http://127.0.0.1:${served.port}/health`)).status).toBe(200);
    await served.close();
  });

  it("does not start either when an RPC has no handler", async () => {
    const { parent } = methodOf({ policy: good });
    await expect(start(parent, 0, false)).rejects.toThrow("EchoService.Say is not implemented");
  });
});

describe("the shop's own contracts", () => {
  it("state a complete policy for each RPC", () => {
    for (const service of services) for (const method of service.methods) expect(policyOf(method)).toBeDefined();
  });

  it("give each reason of the kit the status it stands for", () => {
    const codes = Object.fromEntries(ErrorReasonSchema.values.map((it) => [it.localName, statusCodeOf(it)]));
    expect(codes).toEqual({
      UNSPECIFIED: 0,
      INVALID_INPUT: 3,
      TOKEN_MISSING: 16,
      TOKEN_INVALID: 16,
      CALLER_NOT_ALLOWED: 7,
      USER_NOT_ALLOWED: 7,
      RATE_LIMITED: 8,
      DEADLINE_EXCEEDED: 4,
      DEPENDENCY_UNAVAILABLE: 14,
      SHUTTING_DOWN: 14,
      INTERNAL: 13,
      OVERLOADED: 8,
      MESSAGE_TOO_LARGE: 8,
      ENCODING_UNKNOWN: 12,
      WRONG_CARDINALITY: 12,
      REQUEST_INCOMPLETE: 1,
    });
  });
});
