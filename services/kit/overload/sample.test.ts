import { Code } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { callOf } from "../testing/call.ts";
import { sampleOf } from "./sample.ts";
import { rpcOf } from "./testing/load.ts";

const call = callOf(rpcOf({ objectiveMs: 50, timeoutMs: 2_000 }));

it.each<[what: string, code: number, tookMs: number, busy: boolean, ratio: number | undefined]>([
  ["an answer, by the objective while the service has no rest", 0, 25, true, 0.5],
  ["an answer, by half of the deadline while it only waits", 0, 500, false, 0.5],
  ["a reason of the domain, which is an answer", Code.FailedPrecondition, 25, true, 0.5],
  ["a deadline that was missed", Code.DeadlineExceeded, 2_000, false, 2],
  ["a deadline of the caller's that left no time", Code.DeadlineExceeded, 5, true, undefined],
  ["a caller that left early", Code.Canceled, 5, true, undefined],
  ["a caller that left late", Code.Canceled, 100, true, 2],
  ["a refusal", Code.PermissionDenied, 1, true, undefined],
  ["a dependency that is away", Code.Unavailable, 1, true, undefined],
])("%s", (_, code, tookMs, busy, ratio) => {
  const sample = sampleOf(call, code, tookMs, busy);
  expect(sample && sample.tookMs / sample.acceptableMs).toBe(ratio);
});

it("has a measure for calls without an objective", () => {
  const plain = callOf(rpcOf({ objectiveMs: 0, timeoutMs: 2_000 }));
  expect(sampleOf(plain, 0, 500, true)).toMatchObject({ acceptableMs: 1_000 });
});
