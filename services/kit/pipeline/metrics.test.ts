import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCallDurations } from "../call-durations.ts";
import { incomingOf } from "../testing/call.ts";
import { echoContract } from "../testing/contract.ts";
import { countCalls } from "./metrics.ts";
import { createPipeline } from "./pipeline.ts";

const { say, watch } = echoContract().method;

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

function counted() {
  const { durations } = createCallDurations();
  const pipeline = createPipeline({ admission: [countCalls(durations)], checks: [] }, pino({ level: "silent" }));
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
