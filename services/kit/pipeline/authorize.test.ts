import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { callOf, endOf, userOf } from "../testing/call.ts";
import { contractOf } from "../testing/contract.ts";
import { authorizeCaller, authorizeUser } from "./authorize.ts";

function methodFor(policy: { callers?: string[]; user?: User }) {
  const complete = { callers: ["edge"], user: User.ANY, timeout: { seconds: 1n }, ...policy };
  const [method] = contractOf([{ name: "Say", policy: complete }]).methods;
  if (method === undefined) throw new Error("no method");
  return method;
}

describe("who may call", () => {
  it("is exactly whom the contract names, or everybody where it says so", async () => {
    const workload = fc.constantFrom("edge", "order", "cart", "api", "nobody", "");
    const callers = fc.uniqueArray(fc.constantFrom<string[]>("edge", "order", "cart", "*"), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(callers, workload, async (callers, caller) => {
        const end = await endOf(() => authorizeCaller()(callOf(methodFor({ callers }), { caller })));
        expect(end).toBe(callers.includes(caller) || callers.includes("*") ? "OK" : "CALLER_NOT_ALLOWED");
      }),
    );
  });
});

describe("on whose behalf", () => {
  const rows = [
    // needed: nobody's token, guest, customer, admin
    [User.ANY, "OK", "OK", "OK", "OK"],
    [User.GUEST, "TOKEN_MISSING", "OK", "OK", "OK"],
    [User.SIGNED_IN, "TOKEN_MISSING", "USER_NOT_ALLOWED", "OK", "OK"],
    [User.ADMIN, "TOKEN_MISSING", "USER_NOT_ALLOWED", "USER_NOT_ALLOWED", "OK"],
  ] as const;
  it.each(rows)("a call that needs %s: none %s, guest %s, customer %s, admin %s", async (needed, ...expected) => {
    const users = [undefined, userOf("guest"), userOf("customer"), userOf("admin")];
    const method = methodFor({ user: needed });
    expect(await Promise.all(users.map((user) => endOf(() => authorizeUser()(callOf(method, { user })))))).toEqual(
      expected,
    );
  });
});
