import { describe, expect, it } from "vitest";
import type { Call } from "../call.ts";
import { createMetrics } from "../metrics.ts";
import { callOf, endOf } from "../testing/call.ts";
import { contractOf } from "../testing/contract.ts";
import { LIMIT_MAX } from "./concurrency-limit.ts";
import { limitCalls } from "./limit-calls.ts";
import { rpcOf } from "./testing/load.ts";

const say = rpcOf({ objectiveMs: 50, timeoutMs: 2_000 });

/** The steps on an event loop whose turns end when the test says so. */
function start() {
  let listeners: (() => void)[] = [];
  const clock = { nowMs: () => 0, idleMs: () => 0, afterTurn: (it: () => void) => void listeners.push(it) };
  const metrics = createMetrics("test");
  const steps = limitCalls({ metrics, clock });
  const arrive = (message: "there" | "on its way" = "there"): Call => {
    const call = callOf(say);
    if (message === "on its way") call.message = undefined;
    steps.admission(call);
    return call;
  };
  const endTurn = () => {
    const over = listeners;
    listeners = [];
    for (const listener of over) listener();
  };
  const inFlight = async () => {
    const gauge = await metrics.registry.getSingleMetric("rpc_server_concurrency")?.get();
    return gauge?.values[0]?.value;
  };
  return { ...steps, arrive, endTurn, inFlight };
}

describe("a slot", () => {
  it("of a call that is answered at once is kept for the turn of the loop that read it", async () => {
    const { arrive, endTurn, inFlight } = start();
    for (let call = 0; call < LIMIT_MAX; call++) arrive().finish(0, undefined);
    expect(await endOf(arrive)).toBe("OVERLOADED");
    endTurn();
    expect(await inFlight()).toBe(0);
    expect(await endOf(arrive)).toBe("OK");
  });

  it("of a call that takes longer is kept until it is answered", async () => {
    const { arrive, endTurn, inFlight } = start();
    const calls = [arrive(), arrive()];
    endTurn();
    expect(await inFlight()).toBe(2);
    for (const call of calls) call.finish(0, undefined);
    expect(await inFlight()).toBe(0);
  });

  it("is not held by a request that is slow to arrive", async () => {
    const { arrive, check, endTurn, inFlight } = start();
    const call = arrive("on its way");
    arrive("on its way").finish(1, undefined);
    endTurn();
    expect(await inFlight()).toBe(0);
    call.message = callOf(say).message;
    check(call);
    check(call); // holds one only
    endTurn();
    expect(await inFlight()).toBe(1);
    call.finish(0, undefined);
    expect(await inFlight()).toBe(0);
  });

  it("may be gone when a slow request is there at last", async () => {
    const { arrive, check, endTurn, inFlight } = start();
    const late = arrive("on its way");
    endTurn();
    for (let call = 0; call < LIMIT_MAX; call++) arrive();
    late.message = callOf(say).message;
    expect(await endOf(() => check(late))).toBe("OVERLOADED");
    late.finish(8, undefined);
    expect(await inFlight()).toBe(LIMIT_MAX);
  });
});

it("streams, and calls that any workload may make, take none", async () => {
  const policy = { user: 1, timeout: { seconds: 1n } };
  const free = contractOf([
    { name: "Watch", policy: { ...policy, callers: ["edge"] }, streams: true },
    { name: "Check", policy: { ...policy, callers: ["*"] } },
  ]).methods;
  const { admission, inFlight } = start();
  for (const method of free) for (let call = 0; call < 2 * LIMIT_MAX; call++) admission(callOf(method));
  expect(await inFlight()).toBe(0);
});
