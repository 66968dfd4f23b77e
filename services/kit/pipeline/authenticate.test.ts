import { describe, expect, it } from "vitest";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import { createProofs, proofIdentity } from "../identity/proof.ts";
import { NOBODY, WORKLOAD_HEADER } from "../identity/workload.ts";
import { callOf, endOf, userOf } from "../testing/call.ts";
import { echoContract } from "../testing/contract.ts";
import { authenticateUser, authenticateWorkload } from "./authenticate.ts";

const { say } = echoContract().method;
const proofs = createProofs(Buffer.alloc(32, 1));
const stranger = createProofs(Buffer.alloc(32, 2));
const identity = proofIdentity(proofs, "product");

function arrive(headers: Record<string, string>) {
  const call = callOf(say, { header: new Headers(headers) });
  return { call, end: () => endOf(() => authenticateWorkload(identity)(call)) };
}

describe("the calling workload", () => {
  it("is who it proves to be; without a proof somebody outside", async () => {
    for (const [headers, caller] of [
      [{}, "edge"],
      [{ [WORKLOAD_HEADER]: proofs.prove("order") }, "order"],
      [{ [WORKLOAD_HEADER]: proofs.prove("edge") }, "edge"],
    ] as const) {
      const { call, end } = arrive(headers);
      expect(await end()).toBe("OK");
      expect(call.caller).toBe(caller);
    }
  });

  it.each([
    ["a name alone", "order"],
    ["a name with a dot", "order."],
    ["nothing", ""],
    ["a dot", "."],
    ["a proof without a name", proofs.prove("order").slice("order".length)],
    ["another name's proof", proofs.prove("cart").replace("cart", "order")],
    ["a proof cut short", proofs.prove("order").slice(0, -1)],
    ["a proof gone on", `${proofs.prove("order")}A`],
    ["a proof by another secret", stranger.prove("order")],
  ])("is refused, not taken for somebody outside, with %s", async (_, proof) => {
    const { call, end } = arrive({ [WORKLOAD_HEADER]: proof });
    expect(await end()).toBe("CALLER_NOT_ALLOWED");
    expect(call.caller).toBe("edge");
  });
});

it("is nobody, not the edge, in the log of a call that is refused for who it comes from", async () => {
  const call = callOf(say);
  const callerOf = () => {
    throw callFailure(ErrorReason.CALLER_NOT_ALLOWED, "no");
  };
  const step = authenticateWorkload({ header: {}, unnamed: NOBODY, callerOf });
  expect(await endOf(() => step(call))).toBe("CALLER_NOT_ALLOWED");
  expect(call.caller).toBe(NOBODY);
});

describe("the address of the person", () => {
  it.each([
    ["nobody says", {}, "10.0.0.1"],
    ["somebody outside says", { "x-forwarded-for": "6.6.6.6" }, "10.0.0.1"],
    ["another service says", { [WORKLOAD_HEADER]: proofs.prove("order"), "x-forwarded-for": "6.6.6.6" }, "10.0.0.1"],
    ["the edge says", { [WORKLOAD_HEADER]: proofs.prove("edge"), "x-forwarded-for": "8.8.8.8" }, "8.8.8.8"],
    [
      "the edge says last, after what a client made up",
      { [WORKLOAD_HEADER]: proofs.prove("edge"), "x-forwarded-for": "6.6.6.6, 7.7.7.7, 8.8.8.8" },
      "8.8.8.8",
    ],
    ["the edge leaves empty", { [WORKLOAD_HEADER]: proofs.prove("edge"), "x-forwarded-for": "" }, "10.0.0.1"],
  ] as const)("is what the socket or the edge tells: %s", async (_, headers, address) => {
    const { call, end } = arrive(headers);
    expect(await end()).toBe("OK");
    expect(call.clientAddress).toBe(address);
  });

  it("is not believed of a forged edge", async () => {
    const { call, end } = arrive({ [WORKLOAD_HEADER]: stranger.prove("edge"), "x-forwarded-for": "6.6.6.6" });
    expect(await end()).toBe("CALLER_NOT_ALLOWED");
    expect(call.clientAddress).toBe("10.0.0.1");
  });
});

describe("the user", () => {
  const ada = userOf("customer");
  const step = authenticateUser({
    verify: async (token) => {
      if (token !== "good.token-1_x") throw callFailure(ErrorReason.TOKEN_MISSING, "no");
      return ada;
    },
  });
  const refusing = authenticateUser({ verify: () => Promise.reject(new Error("must not be asked")) });

  it("is whom the token names, whatever the case of the scheme, and nobody without a token", async () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      const call = callOf(say, { header: new Headers({ authorization: `${scheme} good.token-1_x` }) });
      await step(call);
      expect(call.user).toBe(ada);
    }
    const call = callOf(say);
    await step(call);
    expect(call.user).toBeUndefined();
  });

  it.each([
    "",
    "Bearer",
    "Bearer ",
    "Basic YTpi",
    "Bearer a b",
    "Bearer a,b",
    "good.token-1_x",
    `Bearer ${"x".repeat(4097)}`,
  ])("is not looked for in the header %j: refused, even where none is needed", async (authorization) => {
    const call = callOf(say, { header: new Headers({ authorization }) });
    expect(await endOf(() => refusing(call))).toBe("TOKEN_INVALID");
    expect(call.user).toBeUndefined();
  });
});
