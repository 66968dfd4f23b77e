import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { endOf } from "../testing/call.ts";
import { startTcpProxy, type TcpProxy } from "../testing/engines/proxy.ts";
import { startRedis, withRedis } from "../testing/engines/redis.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { eventually } from "../testing/eventually.ts";
import { defineScript } from "./script.ts";
import { openTestRedis, type TestRedis } from "./testing.ts";

const COUNT = defineScript("return redis.call('INCR', KEYS[1])");
/** Counts, and takes its time: ARGV, in milliseconds. */
const COUNT_SLOWLY = defineScript(`
local function now() local it = redis.call('TIME'); return it[1] * 1000 + math.floor(it[2] / 1000) end
local start, count = now(), redis.call('INCR', KEYS[1])
while now() < start + tonumber(ARGV[1]) do end
return count
`);
/** An operation's budget, and what a busy machine adds. */
const FAIL_MAX_MS = 4_000;

let server: TestServer;
let proxy: TcpProxy;
let test1: TestRedis;
beforeAll(async () => {
  server = await startRedis();
  proxy = await startTcpProxy("127.0.0.1", server.port);
  test1 = await openTestRedis(`redis://127.0.0.1:${proxy.port}`);
});
afterAll(async () => {
  test1?.connection.close();
  await proxy?.close();
  await server?.close();
});

let key = "";
beforeEach(() => {
  key = test1.redis.key(randomUUID());
});
const count = () => test1.redis.run(COUNT, [key]);

describe.each([
  ["stopped", () => server.stop(), () => server.restart()],
  ["killed", () => server.kill(), () => server.restart()],
  ["paused", () => server.pause(), () => server.resume()],
  ["cut off", () => proxy.cutOff(), () => proxy.heal()],
  ["behind a network that has split", async () => proxy.blackHole(), () => proxy.heal()],
] as const)("a Redis that is %s", (_, away, back) => {
  test("is away at once, then refused without a wait, and comes back by itself", async () => {
    expect(await count()).toBe(1);
    await away();
    const startMs = performance.now();
    expect(await endOf(count)).toBe("DEPENDENCY_UNAVAILABLE");
    expect(performance.now() - startMs).toBeLessThan(FAIL_MAX_MS);
    for (let n = 0; n < 5; n++) await endOf(count);
    const manyMs = performance.now();
    const ends = await Promise.all(Array.from({ length: 200 }, () => endOf(count)));
    expect(new Set(ends)).toEqual(new Set(["DEPENDENCY_UNAVAILABLE"]));
    expect(performance.now() - manyMs).toBeLessThan(FAIL_MAX_MS);
    await expect(test1.redis.ping()).rejects.toThrow();
    await back();
    await eventually(() => test1.redis.ping());
    await eventually(async () => expect(await count()).toBeGreaterThan(1));
  });
});

test("a change whose answer was lost with its connection is not made twice", async () => {
  const lost = endOf(() => test1.redis.run(COUNT_SLOWLY, [key], [500]));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await proxy.cutOff();
  expect(await lost).toBe("DEPENDENCY_UNAVAILABLE");
  await proxy.heal();
  await eventually(() => test1.redis.ping());
  await eventually(async () => expect(await count()).toBe(2));
});

test("a script that Redis has forgotten runs all the same", async () => {
  expect(await count()).toBe(1);
  await withRedis(server.port, (it) => it.script("FLUSH"));
  expect(await count()).toBe(2);
});
