import { Code } from "@connectrpc/connect";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCallDurations } from "../call-durations.ts";
import { incomingOf } from "../testing/call.ts";
import { echoContract, HURRY_MS } from "../testing/contract.ts";
import { deadline } from "./deadline.ts";
import { countCalls } from "./metrics.ts";
import { createPipeline } from "./pipeline.ts";

const { say, hurry, watch } = echoContract().method;

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

function counted() {
  const { durations } = createCallDurations();
  const pipeline = createPipeline(
    { admission: [countCalls(durations), deadline()], checks: [] },
    pino({ level: "silent" }),
  );
  return {
    pipeline,
    seen: () => [...durations.series()].map(({ code, count, sumSeconds }) => [code, count, sumSeconds]),
  };
}

describe("what is measured", () => {
  it("of a call is the time to its answer", async () => {
    const { pipeline, seen } = counted();
    await pipeline.unary(incomingOf(say), () => void vi.advanceTimersByTime(40));
    expect(seen()).toEqual([[0, 1, 0.04]]);
  });

  it.each([
    ["when most of its time was left, as cancelled", 0.5, Code.Canceled],
    ["when its time was all but over, as what it is: too late", 0.95, Code.DeadlineExceeded],
  ])("of a call whose caller goes away is %s", async (_, share, code) => {
    const { pipeline, seen } = counted();
    const caller = new AbortController();
    const call = pipeline.unary(incomingOf(hurry, { signal: caller.signal }), () => {
      vi.advanceTimersByTime(share * HURRY_MS);
      caller.abort();
      return new Promise<never>(() => {});
    });
    await expect(call).rejects.toThrow();
    expect(seen()).toEqual([[code, 1, (share * HURRY_MS) / 1_000]]);
  });

  it("of a stream is the time to its first message, however long it lives", async () => {
    const { pipeline, seen } = counted();
    const stream = pipeline.stream(incomingOf(watch), async function* () {
      for (const it of [1, 2]) {
        vi.advanceTimersByTime(30);
        yield it;
      }
      vi.advanceTimersByTime(60_000);
    });
    for await (const _ of stream);
    expect(seen()).toEqual([[0, 1, 0.03]]);
  });

  it("of a stream without a message is the time to its end", async () => {
    const { pipeline, seen } = counted();
    const stream = pipeline.stream(incomingOf(watch), async function* () {
      vi.advanceTimersByTime(70);
      yield* [];
    });
    for await (const _ of stream);
    expect(seen()).toEqual([[0, 1, 0.07]]);
  });
});
