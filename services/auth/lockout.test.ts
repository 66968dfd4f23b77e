import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type Attempts,
  afterAttempt,
  FREE_FAILURES,
  LOCK_MAX_MS,
  lockedMs,
  MEMORY_MS,
  NO_ATTEMPTS,
  WINDOW_MS,
} from "./lockout.ts";

const MINUTE_MS = 60_000;

it.each([
  { name: "four failures lock nothing", pausesMs: [0, 0, 0, 0], lockedMinutes: 0 },
  { name: "five do", pausesMs: [0, 0, 0, 0, 0], lockedMinutes: 1 },
  { name: "five spread out do not", pausesMs: Array.from({ length: 5 }, () => WINDOW_MS + 1), lockedMinutes: 0 },
  { name: "attempts while locked do not lengthen it", pausesMs: [0, 0, 0, 0, 0, 0, 0], lockedMinutes: 1 },
  { name: "the next failure locks for longer", pausesMs: [0, 0, 0, 0, 0, MINUTE_MS], lockedMinutes: 2 },
  { name: "so does one hours later", pausesMs: [0, 0, 0, 0, 0, MINUTE_MS, 5 * 60 * MINUTE_MS], lockedMinutes: 4 },
  {
    name: "locks stop growing",
    pausesMs: [0, 0, 0, 0, ...Array.from({ length: 20 }, () => LOCK_MAX_MS)],
    lockedMinutes: 15,
  },
  { name: "a quiet day forgets", pausesMs: [0, 0, 0, 0, 0, MEMORY_MS + 1], lockedMinutes: 0 },
])("$name", ({ pausesMs, lockedMinutes }) => {
  let [attempts, nowMs]: [Attempts, number] = [NO_ATTEMPTS, Date.UTC(2026, 0, 1)];
  for (const pauseMs of pausesMs) {
    nowMs += pauseMs;
    attempts = afterAttempt(attempts, nowMs);
  }
  expect(lockedMs(attempts, nowMs) / MINUTE_MS).toBe(lockedMinutes);
});

it("lets through eight guesses at most in any quarter of an hour, however they are timed", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 * MINUTE_MS }), { maxLength: 80 }), (pausesMs) => {
      let [attempts, nowMs]: [Attempts, number] = [NO_ATTEMPTS, Date.UTC(2026, 0, 1)];
      const guessesMs: number[] = [];
      for (const pauseMs of pausesMs) {
        nowMs += pauseMs;
        if (lockedMs(attempts, nowMs) === 0) guessesMs.push(nowMs);
        attempts = afterAttempt(attempts, nowMs);
      }
      for (const fromMs of guessesMs) {
        // After the free ones, three more: after 1, 2 and 4 minutes; the next lock is longer than what is left.
        expect(guessesMs.filter((it) => it >= fromMs && it < fromMs + WINDOW_MS).length).toBeLessThanOrEqual(
          FREE_FAILURES + 3,
        );
      }
    }),
  );
});
