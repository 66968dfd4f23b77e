import { expect, test } from "vitest";
import { lastGood } from "./last-good.ts";

/** Something to ask for, which can be away; its answers are numbered. */
function createSource() {
  const source = { ms: 0, isAway: false, asked: 0 };
  const ask = async () => {
    source.asked += 1;
    if (source.isAway) throw new Error("away");
    return source.asked;
  };
  return { source, get: lastGood(ask, { maxAgeMs: 10_000, pauseMs: 1_000, nowMs: () => source.ms }) };
}

test("what comes is passed on, and is not old", async () => {
  const { get } = createSource();
  expect([await get(), await get()]).toEqual([
    { value: 1, isStale: false },
    { value: 2, isStale: false },
  ]);
});

test("where it fails the last answer stands in, until it is too old; the failure goes to who asks then", async () => {
  const { source, get } = createSource();
  await get();
  source.isAway = true;
  source.ms = 9_999;
  expect(await get()).toEqual({ value: 1, isStale: true });
  source.ms += 1_000;
  await expect(get()).rejects.toThrow("away");
});

test("a failure spares those who come after it the waiting for another one", async () => {
  const { source, get } = createSource();
  await get();
  source.isAway = true;
  for (let call = 0; call < 5; call++) await get();
  expect(source.asked).toBe(2);
  source.isAway = false;
  source.ms += 1_000;
  expect(await get()).toEqual({ value: 3, isStale: false });
});

test("where the failure is an answer, the last one is forgotten", async () => {
  let answer: () => string = () => "there";
  const get = lastGood(async () => answer(), {
    maxAgeMs: 10_000,
    pauseMs: 0,
    standsIn: (error) => (error as Error).message === "away",
  });
  const fail = (message: string) => () => {
    throw new Error(message);
  };
  await get();
  answer = fail("away");
  expect(await get()).toEqual({ value: "there", isStale: true });
  answer = fail("no such thing");
  await expect(get()).rejects.toThrow("no such thing");
  answer = fail("away");
  await expect(get()).rejects.toThrow("away");
});

test("the first failure is one", async () => {
  const { source, get } = createSource();
  source.isAway = true;
  await expect(get()).rejects.toThrow("away");
  await expect(get()).rejects.toThrow("away");
  expect(source.asked).toBe(2);
});
