import { expect, test } from "vitest";
import { shared } from "./shared.ts";

const FRESH_MS = 1_000;

/** Something to ask for, whose answers come when the test says so; they are numbered. */
function createSource() {
  let now = 0;
  const pending: PromiseWithResolvers<number>[] = [];
  const ask = () => {
    const answer = Promise.withResolvers<number>();
    pending.push(answer);
    return answer.promise;
  };
  return {
    get: shared(ask, FRESH_MS, () => now),
    asked: () => pending.length,
    async answer() {
      pending.at(-1)?.resolve(pending.length);
      await Promise.resolve();
    },
    fail: () => pending.at(-1)?.reject(new Error("away")),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test("who asks while it is under way, however long that takes, gets the same answer", async () => {
  const source = createSource();
  const first = source.get();
  source.pass(5 * FRESH_MS);
  const second = source.get();
  await source.answer();
  expect([await first, await second, source.asked()]).toEqual([1, 1, 1]);
});

test.each([
  [FRESH_MS - 1, 1],
  [FRESH_MS, 2],
])("%d ms after an answer came, %d have been asked for", async (ms, asked) => {
  const source = createSource();
  const first = source.get();
  await source.answer();
  await first;
  source.pass(ms);
  const second = source.get();
  await source.answer();
  expect([await second, source.asked()]).toEqual([asked, asked]);
});

test("a failure goes to all who wait, and the next one asks again", async () => {
  const source = createSource();
  const waiting = [source.get(), source.get()];
  source.fail();
  for (const it of waiting) await expect(it).rejects.toThrow("away");
  const next = source.get();
  await source.answer();
  expect(await next).toBe(2);
});
