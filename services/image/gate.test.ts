import { expect, it } from "vitest";
import { createGate } from "./gate.ts";

it("runs so many at once, lets so many wait in line, and turns others away", async () => {
  const gate = createGate({ runningMax: 2, waitingMax: 2 });
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const enter = (n: number) =>
    gate.run(async () => {
      started.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
    });
  const entered = [1, 2, 3, 4].map(enter);
  await expect(enter(5)).rejects.toMatchObject({ reason: "RATE_LIMITED", details: { retryAfterMs: 1_000 } });
  expect(started).toEqual([1, 2]);
  ends.shift()?.();
  await entered[0];
  await new Promise(setImmediate);
  expect(started).toEqual([1, 2, 3]);
  while (ends.length > 0) {
    ends.shift()?.();
    await new Promise(setImmediate);
  }
  await Promise.all(entered);
  expect(started).toEqual([1, 2, 3, 4]);
});

it("gives the place of failed work to the next", async () => {
  const gate = createGate({ runningMax: 1, waitingMax: 1 });
  const failing = gate.run(() => Promise.reject(new Error("broken")));
  const next = gate.run(async () => "done");
  await expect(failing).rejects.toThrow("broken");
  expect(await next).toBe("done");
});
