import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createRevocations, type Revocations } from "../identity/revocations.ts";
import { createMetrics } from "../metrics.ts";
import { startRedis, withRedis } from "../testing/engines/redis.ts";
import { startRedisCluster } from "../testing/engines/redis-cluster.ts";
import { startRedisSentinel } from "../testing/engines/redis-sentinel.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { eventually } from "../testing/eventually.ts";
import { openRedis } from "./connection.ts";
import { createProcessRedis } from "./process-redis.ts";
import { type SharedRevocations, shareRevocations } from "./revocations.ts";
import { type RedisSettings, readRedis } from "./settings.ts";

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

/** At the level that a shop logs at where nothing else is said. */
const logTo = (lines: string[]) => pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });

function settingsOf(url: string): RedisSettings {
  const settings = readRedis({ REDIS_URL: url });
  if (settings === undefined) throw new Error("There is no URL");
  return settings;
}

async function startProcess(): Promise<Process> {
  const logged: string[] = [];
  const log = logTo(logged);
  const connection = openRedis(settingsOf(server.url), "shopmesh-test", log);
  const revocations = createRevocations(log);
  const shared = shareRevocations({ redis: connection, revocations, log });
  closers.push(async () => {
    await shared.close();
    connection.close();
  });
  await shared.started;
  return { ...revocations, logged, shared };
}

test.each([
  ["server", startRedis],
  ["master of Sentinels", startRedisSentinel],
  ["Cluster", startRedisCluster],
])("a start with a %s that is there warns of nothing", async (_, startIts) => {
  const its = await startIts();
  closers.push(() => its.close());
  const logged: string[] = [];
  const log = logTo(logged);
  const deps = { settings: settingsOf(its.url), revocations: createRevocations(log), log, durable: false };
  const [sharing, keeping] = [createProcessRedis(deps), createProcessRedis(deps)];
  closers.push(async () => void (await Promise.all([sharing.close(), keeping.close()])));
  const startMs = performance.now();
  await Promise.all([
    sharing.join({ log, metrics: createMetrics("sharing") }),
    keeping.open({ log, metrics: createMetrics("keeping") }),
  ]);
  expect(logged).toEqual([]);
  expect(performance.now() - startMs).toBeLessThan(SOON_MS);
});

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
  for (const it of ["ended sessions are shared again", "connected to Redis again"])
    await eventually(() => expect(one.logged.join()).toContain(it));
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
