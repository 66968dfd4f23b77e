import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS, takeTimeMs } from "./limits.ts";
import { Reader } from "./reader.ts";
import { Watchdog } from "./watchdog.ts";

describe("the watchdog", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("looks only while there is something to look at, with one timer for all", () => {
    const watchdog = new Watchdog(10);
    const looks: number[] = [];
    const [one, other] = [{ check: (it: number) => looks.push(it) }, { check: (it: number) => looks.push(it) }];
    expect(vi.getTimerCount()).toBe(0);
    watchdog.add(one);
    watchdog.add(other);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(20);
    expect(looks).toEqual([10, 10, 20, 20]);
    watchdog.remove(one);
    vi.advanceTimersByTime(10);
    expect(looks).toHaveLength(5);
    watchdog.remove(other);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps its time when everybody has gone, so that none runs back", () => {
    const watchdog = new Watchdog(10);
    const watched = { check: () => {} };
    watchdog.add(watched);
    vi.advanceTimersByTime(30);
    watchdog.remove(watched);
    watchdog.add(watched);
    vi.advanceTimersByTime(10);
    expect(watchdog.nowMs).toBe(40);
  });
});

describe("a reader", () => {
  const patience = takeTimeMs(LIMITS, 1_000);

  it.each<[string, readonly (readonly [atMs: number, waitingBytes: number])[], boolean]>([
    [
      "has nothing to read",
      [
        [0, 0],
        [10 * patience, 0],
      ],
      false,
    ],
    [
      "has just been given something",
      [
        [0, 0],
        [10 * patience, 1_000],
      ],
      false,
    ],
    [
      "takes nothing",
      [
        [0, 1_000],
        [patience, 1_000],
      ],
      true,
    ],
    [
      "takes nothing, and is given more",
      [
        [0, 500],
        [patience / 2, 800],
        [patience, 1_000],
      ],
      true,
    ],
    [
      "takes something before it is too late",
      [
        [0, 1_000],
        [patience - 1, 999],
        [patience + 1, 999],
      ],
      false,
    ],
    [
      "took all in between",
      [
        [0, 1_000],
        [patience - 1, 0],
        [patience + 1, 1_000],
      ],
      false,
    ],
    [
      "has much to read",
      [
        [0, 10_000_000],
        [patience, 10_000_000],
      ],
      false,
    ],
  ])("who %s", (_, looks, isTooSlow) => {
    const reader = new Reader(LIMITS);
    expect(looks.map(([atMs, waitingBytes]) => reader.isTooSlow(atMs, waitingBytes)).at(-1)).toBe(isTooSlow);
  });
});
