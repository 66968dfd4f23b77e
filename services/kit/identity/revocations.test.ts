import { pino } from "pino";
import { expect, it } from "vitest";
import { createRevocations, REVOKED_FOR_MS } from "./revocations.ts";

const log = pino({ level: "silent" });

function setUp(max?: number) {
  let atMs = 0;
  const warnings: unknown[] = [];
  const warn = ((it: unknown) => warnings.push(it)) as typeof log.warn;
  const revocations = createRevocations({ warn }, { nowMs: () => atMs, ...(max !== undefined && { max }) });
  return { revocations, warnings, pass: (ms: number) => (atMs += ms) };
}

it("knows ended sessions for as long as their tokens may live, and then forgets them", () => {
  const { revocations, pass, warnings } = setUp();
  revocations.revoke("one");
  pass(REVOKED_FOR_MS - 1);
  revocations.learn("two");
  expect(["one", "two", "three"].map(revocations.has)).toEqual([true, true, false]);
  pass(1);
  revocations.learn("three");
  expect(["one", "two", "three"].map(revocations.has)).toEqual([false, true, true]);
  expect(warnings).toEqual([]);
});

it("tells of those that end here, once, and not of those that end elsewhere", () => {
  const { revocations } = setUp();
  const told: string[] = [];
  revocations.onRevoke((it) => told.push(it));
  revocations.learn("elsewhere");
  revocations.revoke("elsewhere");
  revocations.revoke("here");
  revocations.revoke("here");
  expect(told).toEqual(["here"]);
  expect([...revocations.own()]).toEqual(["here"]);
});

it("tells those who wait for a session's end, unless they do not wait any more", () => {
  const { revocations } = setUp();
  const told: string[] = [];
  revocations.watch("one", () => told.push("first"));
  revocations.watch("one", () => told.push("second"))();
  revocations.learn("one");
  revocations.learn("one");
  expect(told).toEqual(["first"]);
});

it("is bounded, and says when it forgets too early", () => {
  const { revocations, warnings } = setUp(2);
  for (const it of ["one", "two", "three", "four"]) revocations.learn(it);
  expect(["one", "two", "three", "four"].map(revocations.has)).toEqual([false, false, true, true]);
  expect(warnings).toHaveLength(1);
});
