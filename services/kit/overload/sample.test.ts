import { Code } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { callOf } from "../testing/call.ts";
import { sampleOf } from "./sample.ts";
import { rpcOf } from "./testing/load.ts";

const call = callOf(rpcOf({ objectiveMs: 50, timeoutMs: 2_000 }));

it.each<[what: string, code: number, tookMs: number, ratio: number | undefined]>([
  ["an answer, by half of the time it has", 0, 500, 0.5],
  ["a reason of the domain, which is an answer", Code.FailedPrecondition, 250, 0.25],
  ["a deadline that was missed", Code.DeadlineExceeded, 2_000, 2],
  ["a deadline of the caller's that left no time", Code.DeadlineExceeded, 5, undefined],
  ["a caller that left early", Code.Canceled, 5, undefined],
  ["a caller that left late", Code.Canceled, 1_500, 1.5],
  ["a refusal", Code.PermissionDenied, 1, undefined],
  ["a dependency that is away", Code.Unavailable, 1, undefined],
])("%s", (_, code, tookMs, ratio) => {
  const sample = sampleOf(call, code, tookMs, false);
  expect(sample && sample.tookMs / sample.acceptableMs).toBe(ratio);
});

it.each([
  ["a service that waits less than the contract allows", "api", 400, 200],
  ["a service that waits longer", "api", 60_000, 1_000],
  ["somebody outside, whatever they say", "edge", 400, 1_000],
  ["a service that waits less than the contract promises", "api", 60, 50],
])("counts the time of %s", (_, caller, callerTimeoutMs, acceptableMs) => {
  const timed = Object.assign(callOf(rpcOf({ objectiveMs: 50, timeoutMs: 2_000 }), { caller }), { callerTimeoutMs });
  expect(sampleOf(timed, 0, 10, false)).toMatchObject({ acceptableMs });
});

it("leaves less time where the service itself has no rest", () => {
  expect(sampleOf(call, 0, 10, true)).toMatchObject({ acceptableMs: 500 });
});
