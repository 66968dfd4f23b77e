import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type ConcurrencyLimit,
  createConcurrencyLimit,
  LIMIT_MAX,
  LIMIT_MIN,
  LIMIT_START,
  type Sample,
} from "./concurrency-limit.ts";
import { seeded } from "./testing/load.ts";

/** A sample of a call that took so many times what is acceptable. */
const sampleOf = (ratio: number, busy = true): Sample => ({
  tookMs: ratio * 50,
  acceptableMs: 50,
  finished: true,
  busy,
});

/** So many may be in flight: a burst may go beyond what was never found to be too much. */
const mostOf = ({ limit }: ConcurrencyLimit, rested: boolean) => (rested && limit >= LIMIT_START ? LIMIT_MAX : limit);

it("lets in exactly what fits, whatever happens, and stays within its bounds", () => {
  const step = fc.record({
    pauseMs: fc.oneof({ weight: 9, arbitrary: fc.nat(30) }, { weight: 1, arbitrary: fc.nat(20_000) }),
    comes: fc.nat(400),
    goes: fc.nat(400),
    ratio: fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: undefined }),
    busy: fc.boolean(),
    rested: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
      let nowMs = 0;
      const limit = createConcurrencyLimit({ nowMs: () => nowMs, random: seeded(seed) });
      let held = 0;
      for (const { pauseMs, comes, goes, ratio, busy, rested } of steps) {
        nowMs += pauseMs;
        for (let call = 0; call < comes; call++) {
          const before = limit.inFlight;
          const taken = limit.tryAcquire(rested);
          expect(taken).toBe(before < mostOf(limit, rested));
          if (taken) held++;
        }
        for (let call = Math.min(goes, held); call > 0; call--) {
          limit.release(ratio === undefined ? undefined : sampleOf(ratio, busy));
          held--;
        }
        expect(limit.inFlight).toBe(held);
        expect(limit.limit).toBeGreaterThanOrEqual(LIMIT_MIN);
        expect(limit.limit).toBeLessThanOrEqual(LIMIT_MAX);
        expect(limit.retryAfterMs()).toBeGreaterThan(0);
        expect(limit.retryAfterMs()).toBeLessThanOrEqual(10_000);
      }
      while (held-- > 0) limit.release(undefined);
      expect(limit.inFlight).toBe(0);
      expect(() => limit.release(undefined)).toThrow();
    }),
    { numRuns: 60 },
  );
});

/** Fills the limit and lets all go after so many milliseconds, a number of times. */
function rounds(count: number, sample: Sample | undefined, { everyMs = 100, full = true } = {}) {
  let nowMs = 0;
  const limit = createConcurrencyLimit({ nowMs: () => nowMs, random: () => 0.5 });
  const limits: number[] = [];
  for (let round = 0; round < count; round++) {
    let held = 0;
    while ((full || held < 30) && limit.tryAcquire()) held++;
    nowMs += everyMs;
    while (held-- > 0) limit.release(sample);
    limits.push(limit.limit);
  }
  const wait = (ms: number) => {
    nowMs += ms;
  };
  return { limits, limit, wait };
}

it.each<[what: string, sample: Sample | undefined, full: boolean, expected: number]>([
  ["grows to its bound while all is well and it is used", sampleOf(0.1), true, LIMIT_MAX],
  ["stays while it is not used", sampleOf(0.1), false, LIMIT_START],
  ["stays between well and late", sampleOf(0.8), true, LIMIT_START],
  ["shrinks to its bound when calls stay late whatever it is", sampleOf(40), true, LIMIT_MIN],
  ["stays when it learns nothing", undefined, true, LIMIT_START],
])("%s", (_, sample, full, expected) => {
  expect(rounds(100, sample, { full }).limits.at(-1)).toBe(expected);
});

it.each([
  // Calls that end in two seconds × seconds that would be fine × the share that is aimed at.
  ["what the reached rate allows", 1_000, (LIMIT_START / 2) * 1 * 0.5],
  ["no less than a quarter", 100, LIMIT_START / 4],
])("shrinks at once to %s", (_, acceptableMs, expected) => {
  const late = { ...sampleOf(1), tookMs: 2_000, acceptableMs };
  expect(rounds(1, late, { everyMs: 2_000 }).limits).toEqual([expected]);
});

it("learns nothing of calls that began when the limit was higher", () => {
  let nowMs = 0;
  const limit = createConcurrencyLimit({ nowMs: () => nowMs, random: () => 0.5 });
  while (limit.tryAcquire());
  nowMs = 10_000;
  while (limit.limit === LIMIT_START) limit.release(sampleOf(40));
  const lowered = limit.limit;
  for (; limit.inFlight > lowered; nowMs += 10) limit.release(sampleOf(40));
  expect(limit.limit).toBe(lowered);
});

it("forgets what it learnt when nobody has come for long", () => {
  const { limit, wait } = rounds(100, sampleOf(40));
  expect(limit.limit).toBe(LIMIT_MIN);
  wait(60_000);
  expect(limit.tryAcquire()).toBe(true);
  expect(limit.limit).toBe(LIMIT_START);
});

it("sends callers away for longer, the more there are too many", () => {
  const limit = createConcurrencyLimit({ nowMs: () => 0, random: () => 0.5 });
  const waits: number[] = [];
  for (let call = 0; call < LIMIT_START * 4; call++) {
    if (!limit.tryAcquire()) waits.push(limit.retryAfterMs());
  }
  expect(waits.at(-1)).toBeGreaterThan(3 * (waits[0] ?? 0));
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
});
