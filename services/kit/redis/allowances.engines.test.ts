import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Allowance } from "../pipeline/token-bucket.ts";
import { startRedis } from "../testing/engines/redis.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { eventually } from "../testing/eventually.ts";
import { createSharedAllowances } from "./allowances.ts";
import { createRedis } from "./redis.ts";
import { openTestRedis, type TestRedis } from "./testing.ts";

const log = pino({ level: "silent" });
/** Longer than in a service, since this is about what is counted. */
const BUDGET_MS = 1_000;
let server: TestServer;
const replicas: TestRedis[] = [];
beforeAll(async () => {
  server = await startRedis();
  for (let n = 0; n < 2; n++) replicas.push(await openTestRedis(server.url));
});
afterAll(async () => {
  for (const it of replicas) it.connection.close();
  await server?.close();
});

const allowancesOf = (budgetMs = BUDGET_MS) =>
  replicas.map(({ connection }) => createSharedAllowances(createRedis(connection, { name: "limits", log, budgetMs })));

/** Takes as often as told, at one replica and the other in turn; answers how many calls may be made. */
async function takeMany(key: string, allowance: Allowance, times: number): Promise<number> {
  const all = allowancesOf();
  const waits = await Promise.all(Array.from({ length: times }, (_, n) => all[n % 2]?.take(["call", key], allowance)));
  expect(waits).not.toContain(undefined);
  return waits.filter((it) => it === 0).length;
}

test.each([
  { requests: 30, periodMs: 60_000 },
  { requests: 7, periodMs: 60_000 },
  { requests: 1, periodMs: 60_000 },
])("replicas together let through $requests in $periodMs ms, and no more", async (allowance) => {
  expect(await takeMany(randomUUID(), allowance, 80)).toBe(allowance.requests);
});

test("an allowance refills, and another has nothing to do with it", async () => {
  const [key, allowance] = [randomUUID(), { requests: 2, periodMs: 1_000 }];
  expect(await takeMany(key, { requests: 2, periodMs: 60_000 }, 2)).toBe(2);
  const other = randomUUID();
  await takeMany(other, allowance, 10);
  await eventually(async () => expect(await takeMany(other, allowance, 1)).toBe(1));
  expect(await takeMany(key, { requests: 2, periodMs: 60_000 }, 2)).toBe(0);
});

test("whoever is refused is told when to come again", async () => {
  const [key, allowance] = [["call", randomUUID()], { requests: 4, periodMs: 2_000 }];
  const [one] = allowancesOf();
  let waitMs = 0;
  while (waitMs === 0) waitMs = (await one?.take(key, allowance)) ?? -1;
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(500);
  await new Promise((resolve) => setTimeout(resolve, waitMs + 1));
  expect(await one?.take(key, allowance)).toBe(0);
});

test("nobody can say while Redis is paused, which is soon known, and then again", async () => {
  const [one] = allowancesOf(50);
  const take = () => one?.take(["call", randomUUID()], { requests: 1, periodMs: 1_000 });
  await server.pause();
  const startMs = performance.now();
  for (let n = 0; n < 100; n++) expect(await take()).toBeUndefined();
  // A few waits of 50 ms until the circuit opens.
  expect(performance.now() - startMs).toBeLessThan(3_000);
  await server.resume();
  await eventually(async () => expect(await take()).toBe(0));
});
