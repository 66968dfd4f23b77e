import { Code, type ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, it } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { createClients } from "../clients.ts";
import { reasonOf } from "../testing/call.ts";
import { contractOf, type EchoService } from "../testing/contract.ts";
import { answerStatus, type RawHandler, startRawServer } from "./testing/servers.ts";

const timeout = { seconds: 20n };
const Echo = contractOf([
  { name: "Say", policy: { callers: ["order"], user: User.ANY, timeout } },
  { name: "Account", policy: { callers: ["order"], user: User.SIGNED_IN, timeout } },
  { name: "Watch", policy: { callers: ["order"], user: User.SIGNED_IN }, streams: true },
]) as EchoService;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const it of closers.splice(0).reverse()) await it();
});

async function failureOf(handler: RawHandler, rpc: "say" | "account" | "watch", token?: string) {
  const server = await startRawServer(handler);
  const clients = createClients({ identity: { header: {} }, addressOf: () => server.url });
  closers.push(
    () => server.close(),
    () => clients.close(),
  );
  const client = clients.client(Echo);
  const options = { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } };
  try {
    if (rpc === "watch") for await (const _ of client.watch({ value: "" }, options));
    else await client[rpc]({ value: "" }, options);
  } catch (error) {
    return {
      code: Code[(error as ConnectError).code],
      reason: reasonOf(error),
      text: (error as ConnectError).rawMessage,
    };
  }
  throw new Error("the call should have failed");
}

// As Istio's sidecars answer gRPC calls, and (with a status of HTTP alone) what they do not take for one.
const forbidden: RawHandler = (it) => answerStatus(it, 7, { "grpc-message": "RBAC: access denied" });
const expired: RawHandler = (it) => answerStatus(it, 16, { "grpc-message": "Jwt is expired" });
const away: RawHandler = (it) => answerStatus(it, 14, { "grpc-message": "no healthy upstream" });
const late: RawHandler = (it) => answerStatus(it, 4, { "grpc-message": "downstream duration timeout" });
const plain =
  (status: number): RawHandler =>
  (it) => {
    it.respond({ ":status": status, "content-type": "text/plain" });
    it.end("no");
  };
const both: RawHandler = (it) => answerStatus(it, 7, { ":status": 503, "grpc-message": "RBAC: access denied" });

describe("what a mesh refuses", () => {
  it.each([
    ["its caller", forbidden, "say", undefined, "PermissionDenied", "CALLER_NOT_ALLOWED"],
    ["its caller, with a token", forbidden, "account", "t", "PermissionDenied", "CALLER_NOT_ALLOWED"],
    ["a call without a token", forbidden, "account", undefined, "Unauthenticated", "TOKEN_MISSING"],
    ["a stream without a token", forbidden, "watch", undefined, "Unauthenticated", "TOKEN_MISSING"],
    ["a bad token", expired, "account", "t", "Unauthenticated", "TOKEN_INVALID"],
    ["a bad token where none is needed", expired, "say", "t", "Unauthenticated", "TOKEN_INVALID"],
    ["a bad token of a stream", expired, "watch", "t", "Unauthenticated", "TOKEN_INVALID"],
    ["by a status of HTTP", plain(403), "say", undefined, "PermissionDenied", "CALLER_NOT_ALLOWED"],
    ["a bad token by a status of HTTP", plain(401), "say", "t", "Unauthenticated", "TOKEN_INVALID"],
    ["by both statuses", both, "say", undefined, "PermissionDenied", "CALLER_NOT_ALLOWED"],
  ] as const)("has the contract's reason: %s", async (_, handler, rpc, token, code, reason) => {
    expect(await failureOf(handler, rpc, token)).toMatchObject({ code, reason });
  });

  it.each([
    ["no instance", away, "Unavailable"],
    ["no connection", plain(503), "Unavailable"],
    ["no answer in time", late, "DeadlineExceeded"],
  ])("is told from what it cannot do: %s", async (_, handler, code) => {
    expect(await failureOf(handler, "say")).toMatchObject({ code, reason: undefined });
  });

  it("keeps the mesh's own words", async () => {
    expect((await failureOf(forbidden, "say")).text).toBe("RBAC: access denied");
  });
});
