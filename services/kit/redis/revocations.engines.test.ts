import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createRevocations, type Revocations } from "../identity/revocations.ts";
import { startRedis, withRedis } from "../testing/engines/redis.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { eventually } from "../testing/eventually.ts";
import { type SharedRevocations, shareRevocations } from "./revocations.ts";
import { openTestRedis } from "./testing.ts";

/** "Within a second", and what a busy machine adds. */
const SOON_MS = 3_000;
let server: TestServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.close());

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What a process knows of ended sessions, and what it logs about them. */
interface Process extends Revocations {
  readonly logged: string[];
  readonly shared: SharedRevocations;
}

async function startProcess(): Promise<Process> {
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => void logged.push(line) });
  const { connection } = await openTestRedis(server.url);
  const revocations = createRevocations(log);
  const shared = shareRevocations({ redis: connection, revocations, log });
  closers.push(async () => {
    await shared.close();
    connection.close();
  });
  await shared.started;
  return { ...revocations, logged, shared };
}

test("a session that ends in one process has ended in all, within a second, and in those that start later", async () => {
  const [one, two] = [await startProcess(), await startProcess()];
  const sessions = Array.from({ length: 5_000 }, () => randomUUID());
  const startMs = performance.now();
  for (const it of sessions) one.revoke(it);
  await eventually(() => expect(sessions.filter((it) => !two.has(it))).toEqual([]));
  expect(performance.now() - startMs).toBeLessThan(SOON_MS);
  const late = await startProcess();
  expect(sessions.filter((it) => !late.has(it))).toEqual([]);
  expect(late.has(randomUUID())).toBe(false);
});

test("while Redis is away a process knows what it knows, says so once, and tells the rest later", async () => {
  const [one, two] = [await startProcess(), await startProcess()];
  const [before, meanwhile] = [randomUUID(), randomUUID()];
  one.revoke(before);
  await eventually(() => expect(two.has(before)).toBe(true));
  await server.kill();
  await eventually(() => expect(one.logged.join()).toContain("not shared for the moment"));
  one.revoke(meanwhile);
  expect([one.has(meanwhile), two.has(meanwhile), two.has(before)]).toEqual([true, false, true]);
  await server.restart();
  await eventually(() => expect(two.has(meanwhile)).toBe(true));
  await eventually(() => expect(one.logged.join()).toContain("shared again"));
  expect(one.logged.filter((it) => it.includes("not shared for the moment"))).toHaveLength(1);
});

test("what Redis has lost is told again after it has been away, however briefly", async () => {
  const [one, two] = [await startProcess(), await startProcess()];
  const session = randomUUID();
  one.revoke(session);
  await eventually(() => expect(two.has(session)).toBe(true));
  await withRedis(server.port, (it) => it.flushall());
  await server.restart();
  await eventually(async () => {
    const late = await startProcess();
    expect(late.has(session)).toBe(true);
  });
});

test("what ends in the last moment of a process is told", async () => {
  const [one, two] = [await startProcess(), await startProcess()];
  const session = randomUUID();
  one.revoke(session);
  await one.shared.close();
  await eventually(() => expect(two.has(session)).toBe(true));
});

test("Redis keeps them no longer than tokens live", async () => {
  const one = await startProcess();
  one.revoke(randomUUID());
  await eventually(async () =>
    expect(await withRedis(server.port, (it) => it.pttl("shopmesh:revoked"))).toBeGreaterThan(0),
  );
  expect(await withRedis(server.port, (it) => it.pttl("shopmesh:revoked"))).toBeLessThanOrEqual(11 * 60_000);
});
