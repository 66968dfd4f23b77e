import type { DescMethod } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Call } from "../call.ts";
import { Failure } from "../failure.ts";
import { callOf, endOf, userOf } from "../testing/call.ts";
import { contractOf } from "../testing/contract.ts";
import { rateLimit } from "./rate-limit.ts";

function limitedTo(requests: number, periodMs: number, name = "Say", user = User.ANY) {
  const [method] = contractOf([
    {
      name,
      policy: {
        callers: ["edge"],
        user,
        timeout: { seconds: 1n },
        rateLimit: { requests, period: { nanos: periodMs * 1_000_000 } },
      },
    },
  ]).methods;
  if (method === undefined) throw new Error("no method");
  return method;
}

const [unlimited] = contractOf([
  { name: "Free", policy: { callers: ["edge"], user: User.ANY, timeout: { seconds: 1n } } },
]).methods as [DescMethod];

/** Whether the step lets a call through; when not, how long the client is told to wait. */
function attempt(step: (call: Call) => void | Promise<void>, call: Call): true | number {
  try {
    step(call);
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.reason).toBe("RATE_LIMITED");
    return error.details.retryAfterMs ?? 0;
  }
}

const requests = fc.integer({ min: 1, max: 20 });
const periodMs = fc.integer({ min: 1, max: 900 });

describe("a rate limit", () => {
  it("lets through no more than the bucket holds and refills, whenever the calls come, and no fewer", () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(requests, periodMs, pauses, (requests, periodMs, pauses) => {
        const method = limitedTo(requests, periodMs);
        let nowMs = 0;
        const step = rateLimit("edge", { nowMs: () => nowMs });
        const passedAt: number[] = [];
        for (const pause of pauses) {
          nowMs += pause;
          const answer = attempt(step, callOf(method));
          if (answer === true) passedAt.push(nowMs);
          else expect(answer).toBeLessThanOrEqual(Math.ceil(periodMs / requests));
        }
        // In any stretch of time: the full bucket, and what came in meanwhile.
        for (const [first, from] of passedAt.entries()) {
          for (const [index, to] of passedAt.slice(first).entries())
            expect(index + 1).toBeLessThanOrEqual(requests + ((to - from) * requests) / periodMs + 1e-6);
        }
        expect(passedAt.length).toBeGreaterThanOrEqual(Math.min(requests, pauses.length));
      }),
      { numRuns: 40 },
    );
  });

  it("keeps its word about when to come again: not before, and surely then", () => {
    fc.assert(
      fc.property(requests, periodMs, (requests, periodMs) => {
        const method = limitedTo(requests, periodMs);
        let nowMs = 0;
        const step = rateLimit("edge", { nowMs: () => nowMs });
        for (let call = 0; call < requests; call++) expect(attempt(step, callOf(method))).toBe(true);
        const waitMs = attempt(step, callOf(method));
        expect(waitMs).toBeGreaterThan(0);
        nowMs += Number(waitMs) - 1;
        if (nowMs * requests < periodMs) expect(attempt(step, callOf(method))).not.toBe(true);
        nowMs += 1;
        expect(attempt(step, callOf(method))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("counts each user apart, whatever the address; without a user each address", () => {
    const client = fc.record({
      user: fc.option(fc.constantFrom("ada", "bob")),
      clientAddress: fc.constantFrom("1.1.1.1", "2.2.2.2"),
    });
    fc.assert(
      fc.property(fc.array(client, { maxLength: 40 }), (calls) => {
        const step = rateLimit("edge", { nowMs: () => 0 });
        const method = limitedTo(2, 900);
        const passed = new Map<string, number>();
        for (const { user, clientAddress } of calls) {
          const key = user ?? clientAddress;
          const identity = user === null ? undefined : userOf("customer", user);
          const answer = attempt(step, callOf(method, { user: identity, clientAddress }));
          const before = passed.get(key) ?? 0;
          expect(answer === true).toBe(before < 2);
          if (answer === true) passed.set(key, before + 1);
        }
      }),
    );
  });

  it("counts a guest's calls that are open to all by the address: guests' tokens cost nothing", () => {
    const step = rateLimit("edge", { nowMs: () => 0 });
    const method = limitedTo(2, 900);
    const guests = ["one", "two", "three"].map((id) => userOf("guest", id));
    expect(guests.map((user) => attempt(step, callOf(method, { user })) === true)).toEqual([true, true, false]);
    const own = limitedTo(2, 900, "Own", User.GUEST);
    expect(guests.map((user) => attempt(step, callOf(own, { user })) === true)).toEqual([true, true, true]);
  });

  it("counts no address of a network of IPv6 apart: its owner has as many as there are calls", () => {
    const step = rateLimit("edge", { nowMs: () => 0 });
    const method = limitedTo(2, 900);
    const from = (clientAddress: string) => attempt(step, callOf(method, { clientAddress })) === true;
    const addresses = ["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3", "2001:db8:0:2::1"];
    expect(addresses.map(from)).toEqual([true, true, false, true]);
  });

  it("counts each RPC apart, and calls from inside the mesh not at all", () => {
    const step = rateLimit("edge", { nowMs: () => 0 });
    const [say, other] = [limitedTo(1, 900), limitedTo(1, 900, "Other")];
    const answers = [say, other, say, other].map((method) => attempt(step, callOf(method)) === true);
    expect(answers).toEqual([true, true, false, false]);
    for (let call = 0; call < 5; call++) expect(attempt(step, callOf(say, { caller: "api" }))).toBe(true);
  });
});

describe("a rate limit that replicas share", () => {
  /** A step over an answer that all replicas get, and how often it was asked for. */
  function sharing(answers: readonly (number | undefined)[], nowMs = () => 0) {
    let asked = 0;
    const step = rateLimit("edge", { nowMs, shared: { take: async () => answers[asked++] } });
    const method = limitedTo(2, 900);
    return { come: () => endOf(() => step(callOf(method))), asked: () => asked };
  }

  it("refuses what the others have used up, and counts it for nothing", async () => {
    const { come, asked } = sharing([300, 300, 300, 0, 0]);
    const ends = [await come(), await come(), await come(), await come(), await come()];
    expect(ends).toEqual(["RATE_LIMITED", "RATE_LIMITED", "RATE_LIMITED", "OK", "OK"]);
    expect(asked()).toBe(5);
  });

  it("does not ask about what the replica refuses by itself", async () => {
    const { come, asked } = sharing([0, 0, 0]);
    expect([await come(), await come(), await come()]).toEqual(["OK", "OK", "RATE_LIMITED"]);
    expect(asked()).toBe(2);
  });

  it("goes by the replica's own count while nobody can say", async () => {
    const { come } = sharing([undefined, undefined, undefined]);
    expect([await come(), await come(), await come()]).toEqual(["OK", "OK", "RATE_LIMITED"]);
  });

  it("makes nobody wait where there is no limit, or the call comes from inside", () => {
    const step = rateLimit("edge", { shared: { take: async () => 0 } });
    expect(step(callOf(limitedTo(2, 900), { caller: "api" }))).toBeUndefined();
    expect(step(callOf(unlimited))).toBeUndefined();
  });
});
