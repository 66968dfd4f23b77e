import { describe, expect, it } from "vitest";
import { createRetryBudget, EARNED_PER_CALL, EARNED_PER_SECOND, SAVED_MAX } from "./retry-budget.ts";

const ROUNDS = 50;
const STEPS = 2_000;

describe("the retry budget", () => {
  it("never lets retries be more than their part of the calls, a few a second and what was saved", () => {
    for (let round = 0; round < ROUNDS; round++) {
      let nowMs = 0;
      let calls = 0;
      let retries = 0;
      const budget = createRetryBudget(() => nowMs);
      const eagerness = Math.random();
      for (let step = 0; step < STEPS; step++) {
        budget.earn();
        calls++;
        nowMs += Math.random() * 20;
        while (Math.random() < eagerness && budget.spend()) retries++;
        const allowed = SAVED_MAX + calls * EARNED_PER_CALL + (nowMs / 1_000) * EARNED_PER_SECOND;
        expect(retries).toBeLessThanOrEqual(Math.ceil(allowed));
      }
    }
  });

  it("saves no more than what a restart needs", () => {
    let nowMs = 0;
    const budget = createRetryBudget(() => nowMs);
    for (let at = 0; at < 10_000; at++) budget.earn();
    nowMs += 3_600_000;
    let spent = 0;
    while (budget.spend()) spent++;
    expect(spent).toBeGreaterThanOrEqual(SAVED_MAX);
    expect(spent).toBeLessThanOrEqual(SAVED_MAX + 1);
  });

  it("gives again when calls succeed or time passes", () => {
    let nowMs = 0;
    const budget = createRetryBudget(() => nowMs);
    while (budget.spend());
    for (let at = 0; at <= 1 / EARNED_PER_CALL; at++) budget.earn();
    expect(budget.spend()).toBe(true);
    expect(budget.spend()).toBe(false);
    nowMs += 1_000 / EARNED_PER_SECOND;
    expect(budget.spend()).toBe(true);
  });
});
