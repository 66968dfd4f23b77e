import { describe, expect, it } from "vitest";
import { createMetrics } from "../metrics.ts";
import { LIMIT_MIN, LIMIT_START, WINDOW_MIN_MS } from "./concurrency-limit.ts";
import { limitCalls } from "./limit-calls.ts";
import { around, type Phase, type Promised, requestsOf, seeded } from "./testing/load.ts";
import { type Answered, REFUSAL_MS, simulateLoop } from "./testing/simulation.ts";

// Two turns of the loop, half a second of doubt whether it is a burst, and the way down.
const SETTLE_MS = 1_000;
// From the least limit back to where it started, by its square root a window.
const RECOVERY_WINDOWS = 30;
const PHASE_MS = 6_000;
const SECOND_MS = 1_000;

/** What came of the requests that arrived in a stretch of time, per second. */
function between(all: readonly Answered[], fromMs: number, toMs: number, withinMs: number) {
  const those = all.filter(({ request }) => request.atMs >= fromMs && request.atMs < toMs);
  const seconds = (toMs - fromMs) / SECOND_MS;
  const refused = those.filter((it) => it.refused);
  const good = those.filter((it) => !it.refused && it.tookMs <= withinMs);
  return { offered: those.length / seconds, refused: refused.length / seconds, good: good.length / seconds };
}

async function simulate(promised: Promised, phases: readonly Phase[], { limited = true, seed = 1 } = {}) {
  const random = seeded(seed);
  const loop = simulateLoop();
  const metrics = createMetrics("test");
  const { admission } = limitCalls({ metrics, clock: loop, random });
  const answers = loop.run(requestsOf(promised, phases, random), (call) => void (limited && admission(call)));
  const gauge = metrics.registry.getSingleMetric("rpc_server_concurrency_limit");
  const [limit] = (await gauge?.get())?.values ?? [];
  return { answers, limit: limit?.value ?? 0 };
}

const quick = { objectiveMs: 50, timeoutMs: 2_000 };
const slow = { objectiveMs: 500, timeoutMs: 5_000 };
/** One in twenty costs thirty times what most cost; 0.86 ms in the mean. */
const mixed = (random: () => number) => {
  const dice = random();
  return dice < 0.7 ? 0.3 : dice < 0.95 ? 1 : 8;
};
const waiting = { cpuMs: around(1), waitMs: around(20) };

/** Kinds of load with the rate that one thread can do. */
const LOADS: [name: string, peak: number, promised: Promised, load: Omit<Phase, "forMs" | "rate">][] = [
  ["small calls", 4_000, quick, { cpuMs: around(0.25) }],
  ["common calls", 1_000, quick, { cpuMs: around(1) }],
  ["large calls", 100, slow, { cpuMs: around(10) }],
  ["mixed calls", 1_000 / 0.86, quick, { cpuMs: mixed }],
  ["calls that wait for a store", 1_000, quick, waiting],
];

describe.each(LOADS)("%s", (_, peak, promised, load) => {
  const usual = { forMs: PHASE_MS, rate: peak * 0.7, ...load };
  const tooMuch = { forMs: PHASE_MS, rate: peak * 3, ...load };
  const little = { forMs: PHASE_MS, rate: peak * 0.4, ...load };
  const limited = simulate(promised, [usual, tooMuch, little]);

  it("are not refused while the service can do them", async () => {
    const { answers } = await limited;
    expect(between(answers, 0, PHASE_MS, promised.timeoutMs).refused).toBe(0);
  });

  it("go on being answered at the peak rate when three times as many come", async () => {
    const { answers } = await limited;
    const { good, refused } = between(answers, PHASE_MS, 2 * PHASE_MS, promised.timeoutMs);
    const refusing = 1 - (refused * REFUSAL_MS) / SECOND_MS; // the share of its time that the thread has besides
    expect(good / (peak * refusing)).toBeGreaterThanOrEqual(0.9);
  });

  it("would not be without a limit", async () => {
    const { answers } = await simulate(promised, [usual, tooMuch], { limited: false });
    const settled = between(answers, PHASE_MS + promised.timeoutMs, 2 * PHASE_MS, promised.timeoutMs);
    expect(settled.good / peak).toBeLessThan(0.1);
  });

  it("are all let in again soon after", async () => {
    const { answers, limit } = await limited;
    // What was let in before is worked off first.
    const fromMs = 2 * PHASE_MS + promised.timeoutMs / 2 + RECOVERY_WINDOWS * WINDOW_MIN_MS;
    expect(between(answers, fromMs, 3 * PHASE_MS, promised.objectiveMs).refused).toBe(0);
    expect(limit).toBeGreaterThan(LIMIT_MIN);
  });
});

it("most of what is let in under overload is answered within half of its time", async () => {
  const load = { cpuMs: around(1) };
  const { answers } = await simulate(quick, [{ forMs: PHASE_MS, rate: 3_000, ...load }]);
  expect(between(answers, SETTLE_MS, PHASE_MS, quick.timeoutMs / 2).good).toBeGreaterThan(650);
});

it("bursts are no overload", async () => {
  const calm = { forMs: 900, rate: 20, cpuMs: around(1) };
  const burst = { forMs: 100, rate: 2_300, cpuMs: around(2) };
  const { answers, limit } = await simulate(quick, Array.from({ length: 10 }, () => [calm, burst]).flat());
  expect(answers.filter((it) => it.refused)).toEqual([]);
  expect(limit).toBeGreaterThanOrEqual(LIMIT_START);
});

describe("a slow dependency", () => {
  const well = { forMs: PHASE_MS, rate: 200, cpuMs: around(1), waitMs: around(20) };
  const slowly = (share: number, waitMs: number) => (random: () => number) => (random() < share ? waitMs : 20);

  it("that half of the calls hang on refuses nobody", async () => {
    const { answers } = await simulate(quick, [well, { ...well, waitMs: slowly(0.5, 2_000) }]);
    expect(answers.filter((it) => it.refused)).toEqual([]);
  });

  it("that makes all slow but not too late refuses nobody", async () => {
    const { answers } = await simulate(quick, [well, { ...well, waitMs: slowly(1, 900) }]);
    expect(answers.filter((it) => it.refused)).toEqual([]);
  });

  it("that makes all nearly too late does not close the service", async () => {
    const bad = { ...well, forMs: 4 * PHASE_MS, waitMs: slowly(1, 1_500) };
    const { answers } = await simulate(quick, [well, bad]);
    // All that were let in when the limit was at its least: a slot answers a call in a second and a half.
    const atLeast = LIMIT_MIN / 1.5;
    expect(between(answers, PHASE_MS, 5 * PHASE_MS, quick.timeoutMs).good).toBeGreaterThan(6 * atLeast);
  });
});
