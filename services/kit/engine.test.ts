import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { runInCall } from "./call.ts";
import { createEngine, type EngineOptions } from "./engine.ts";
import { FAILURES_MAX } from "./engine-circuit.ts";
import { isFailure } from "./failure.ts";
import { createMetrics } from "./metrics.ts";
import { callOf } from "./testing/call.ts";

const away = new Error("connect ECONNREFUSED");
const wrong = new Error("there is no such table");

function open(options: Partial<EngineOptions> = {}) {
  const lines: string[] = [];
  const log = { warn: (_: unknown, message?: string) => void lines.push(message ?? "") };
  const metrics = createMetrics("test");
  const engine = createEngine({ name: "box", isAway: (it) => it === away, log, metrics, random: () => 0, ...options });
  const fail = (error: Error) => engine.run(() => Promise.reject(error)).catch((it: unknown) => it);
  const values = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values ?? [];
  return { engine, fail, lines, values, metrics };
}

/** Lets what is due happen, up to a time. */
const passMs = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const never = () => new Promise<never>(() => {});

describe("an engine", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("tells callers that it is away and when to come back, and refuses them at once after a while", async () => {
    const { engine, fail } = open();
    for (let at = 0; at < FAILURES_MAX; at++) {
      expect(await fail(away)).toMatchObject({
        reason: "DEPENDENCY_UNAVAILABLE",
        code: Code.Unavailable,
        details: { cause: away },
      });
    }
    const operation = vi.fn(never);
    await expect(engine.run(operation)).rejects.toMatchObject({
      reason: "DEPENDENCY_UNAVAILABLE",
      details: { retryAfterMs: 500 },
    });
    expect(operation).not.toHaveBeenCalled();
    expect(engine.awayReason).toBe("box is away: connect ECONNREFUSED");
  });

  it("passes on what is wrong with an operation, however often", async () => {
    const { engine, fail } = open();
    for (let at = 0; at < 50; at++) expect(await fail(wrong)).toBe(wrong);
    expect(engine.awayReason).toBeUndefined();
  });

  it("gives up what is late, tells the operation so, and drops what comes of it", async () => {
    const { engine } = open({ budgetMs: 300 });
    let signal: AbortSignal | undefined;
    const late = Promise.withResolvers<string>();
    const result = engine.run((limit) => {
      signal = limit.signal;
      return late.promise;
    });
    const rejected = expect(result).rejects.toMatchObject({ reason: "DEPENDENCY_UNAVAILABLE" });
    await passMs(299);
    expect(signal?.aborted).toBe(false);
    await passMs(1);
    await rejected;
    expect(signal?.reason).toMatchObject({ message: "box did not answer within 300 ms" });
    late.reject(new Error("too late"));
    await passMs(1);
  });

  it("gives an operation more time when asked to", async () => {
    const { engine } = open({ budgetMs: 300 });
    const work = (ms: number) => () => new Promise((resolve) => setTimeout(() => resolve("done"), ms));
    const result = engine.run(work(900), { budgetMs: 1_000 });
    await passMs(900);
    expect(await result).toBe("done");
  });

  it("is known to be away when several were late, and there again by one that is not", async () => {
    const { engine, lines } = open({ budgetMs: 300 });
    const results = Promise.allSettled([engine.run(never), engine.run(never), engine.run(never)]);
    await passMs(300);
    await results;
    expect(engine.awayReason).toBe("box is away: box did not answer within 300 ms");
    await passMs(500);
    expect(await engine.run(async () => "here")).toBe("here");
    expect(engine.awayReason).toBeUndefined();
    expect(lines).toEqual(["an engine is away; what needs it is refused meanwhile", "an engine is there again"]);
  });

  it("is known to be away when a driver has looked for it once until its time was over", async () => {
    const { engine, fail } = open({ isSilent: (it) => it === away });
    await fail(wrong);
    expect(engine.awayReason).toBeUndefined();
    await fail(away);
    expect(engine.awayReason).toBe("box is away: connect ECONNREFUSED");
  });

  it("says once that it is away, however long, and not with every try", async () => {
    const { fail, lines } = open();
    for (let at = 0; at < 100; at++) {
      await fail(away);
      await passMs(400);
    }
    expect(lines).toHaveLength(1);
  });

  it("lets a probe through, which tells what is wrong and ends the time of refusals", async () => {
    const { engine, fail } = open();
    for (let at = 0; at < FAILURES_MAX; at++) await fail(away);
    await expect(engine.probe(() => Promise.reject(away))).rejects.toBe(away);
    await engine.probe(async () => {});
    expect(await engine.run(async () => "here")).toBe("here");
  });

  it("counts: its state, failures by kind, and how long operations took", async () => {
    const { engine, fail, values, metrics } = open({ budgetMs: 300 });
    createEngine({ name: "shelf", isAway: () => true, log: { warn() {} }, metrics });
    for (let at = 0; at <= FAILURES_MAX; at++) await fail(away);
    const state = async () => (await values("engine_state")).map((it) => [it.labels.engine, it.value]);
    expect(await state()).toEqual([
      ["box", 2],
      ["shelf", 0],
    ]);
    await passMs(500);
    const trying = engine.run(never).catch(() => {});
    expect((await state())[0]).toEqual(["box", 1]);
    await passMs(300);
    await trying;
    expect((await values("engine_failures_total")).map((it) => [it.labels.kind, it.value])).toEqual([
      ["away", FAILURES_MAX],
      ["refused", 1],
      ["late", 1],
    ]);
    const counts = (await values("engine_operation_seconds")) as { metricName?: string; value: number }[];
    expect(counts.find((it) => it.metricName === "engine_operation_seconds_count")?.value).toBe(FAILURES_MAX + 1);
  });
});

describe("an operation of a call", () => {
  const inCallOf = <T>(deadlineMs: number, work: () => Promise<T>) => {
    const call = callOf(Health.method.check);
    call.deadlineMs = performance.now() + deadlineMs;
    return runInCall(call, work);
  };
  const isAway = (error: unknown) => isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE);

  it("has no more time than the call, so that there is time for the answer", async () => {
    const { engine } = open({ budgetMs: 60_000 });
    const startMs = performance.now();
    const error = await inCallOf(200, () => engine.run(never)).catch((it: unknown) => it);
    expect(isAway(error)).toBe(true);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(170);
  });

  it("says nothing of the engine when the call was in a hurry", async () => {
    const { engine } = open({ budgetMs: 60_000 });
    await Promise.allSettled(Array.from({ length: 20 }, () => inCallOf(20, () => engine.run(never))));
    expect(engine.awayReason).toBeUndefined();
  });
});

describe("an engine that is asked for signs of life", () => {
  it("may be slow as long as it gives one, or answers others, and what is slow goes on", async () => {
    let asked = 0;
    const { engine } = open({
      budgetMs: 60_000,
      check: async () => {
        asked += 1;
      },
    });
    let signal: AbortSignal | undefined;
    const slow = engine.run(async (limit) => {
      signal = limit.signal;
      await sleep(2_500);
      return "done";
    });
    expect(await slow).toBe("done");
    expect(asked).toBeGreaterThan(0);
    expect(signal?.aborted).toBe(false);
    asked = 0;
    const others = setInterval(() => void engine.run(async () => {}), 200);
    await engine.run(() => sleep(1_500));
    clearInterval(others);
    expect(asked).toBe(0);
    expect(engine.awayReason).toBeUndefined();
  });

  it.each<[string, () => Promise<unknown>]>([
    ["does not answer", never],
    ["cannot be asked", () => Promise.reject(new Error("no way"))],
  ])("is away at once when it %s, though operations have plenty of time", async (_, check) => {
    const { engine, lines } = open({ budgetMs: 60_000, check });
    const startMs = performance.now();
    let signal: AbortSignal | undefined;
    const lost = engine.run((limit) => {
      signal = limit.signal;
      return never();
    });
    await expect(lost).rejects.toMatchObject({ reason: "DEPENDENCY_UNAVAILABLE" });
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(signal?.aborted).toBe(true);
    expect(engine.awayReason).toBe("box is away: box does not give a sign of life");
    expect(lines).toHaveLength(1);
  });
});
