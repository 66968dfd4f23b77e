import { describe, expect, it } from "vitest";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { callFailure } from "../failure.ts";
import { NOBODY } from "../identity/workload.ts";
import { createMetrics } from "../metrics.ts";
import { callOf, endOf, userOf } from "../testing/call.ts";
import { contractOf } from "../testing/contract.ts";
import { standardSteps } from "./steps.ts";

const [method] = contractOf([
  { name: "Say", policy: { callers: ["order"], user: User.ADMIN, timeout: { seconds: 5n } } },
]).methods;
if (method === undefined) throw new Error("no method");
const say = method;

/** Takes a call of a method for administrators, by order alone, through all steps. */
async function arrive(contractCheck: boolean, caller: string, authorization?: string) {
  const call = callOf(say, { header: new Headers(authorization === undefined ? {} : { authorization }) });
  const steps = standardSteps({
    metrics: createMetrics("product"),
    identity: { header: {}, unnamed: NOBODY, callerOf: () => caller },
    tokens: {
      verify: (token) => {
        if (token === "good") return userOf("admin", "ada");
        throw callFailure(ErrorReason.TOKEN_INVALID, "no");
      },
    },
    contractCheck,
  });
  const end = await endOf(async () => {
    for (const it of [...steps.admission, ...steps.checks]) await it(call);
  });
  call.finish(0, undefined);
  return { end, caller: call.caller, user: call.user?.userId };
}

describe("the contract's check", () => {
  it.each([
    ["cart", "Bearer good", "CALLER_NOT_ALLOWED"],
    ["order", undefined, "TOKEN_MISSING"],
    ["order", "Bearer bad", "TOKEN_INVALID"],
    ["order", "Bearer good", "OK"],
  ])("holds a call by %s with %j to it: %s; switched off, it lets all through", async (caller, token, end) => {
    expect((await arrive(true, caller, token)).end).toBe(end);
    const user = token === "Bearer good" ? "ada" : undefined;
    expect(await arrive(false, caller, token)).toEqual({ end: "OK", caller, user });
  });
});
