import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { Failure, isFailure } from "../failure.ts";
import { startPostgres15 } from "../testing/engines/postgres15.ts";
import { startTcpProxy, type TcpProxy } from "../testing/engines/proxy.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { eventually } from "../testing/eventually.ts";
import { type Database, openDatabase } from "./database.ts";

let server: TestServer;
let proxy: TcpProxy;
let database: Database;
let lines: { level: number; msg: string }[];

beforeAll(async () => {
  server = await startPostgres15();
  proxy = await startTcpProxy("127.0.0.1", server.port);
});
afterAll(async () => {
  await proxy?.close();
  await server?.close();
});
beforeEach(async () => {
  lines = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const url = Object.assign(new URL(server.url), { port: `${proxy.port}` }).href;
  database = openDatabase({ url, schema: "test", log, poolMax: 4 });
  await database.query("CREATE SCHEMA IF NOT EXISTS test");
  await database.query("CREATE TABLE IF NOT EXISTS marks (id int PRIMARY KEY)");
  await database.query("TRUNCATE marks");
});
afterEach(() => database?.close());

const INSERT = "INSERT INTO marks (id) VALUES ($1) ON CONFLICT DO NOTHING";
const isUnavailable = (error: unknown) => isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE);

/** Writes and reads as fast as it can until it is told to stop; each write again until it is known to have happened. */
function startLoad() {
  let stopped = false;
  let written = 0;
  const others: unknown[] = [];
  const writer = async (first: number) => {
    for (let id = first; !stopped; ) {
      try {
        if (id % 2) await database.query(INSERT, [id]);
        else
          await database.transaction(async (tx) => {
            await tx.query("SELECT count(*) FROM marks");
            await tx.query(INSERT, [id]);
          });
        written += 1;
        id += 1;
      } catch (error) {
        if (!isUnavailable(error)) others.push(error);
        await sleep(5);
      }
    }
  };
  // More at once than there are connections.
  const running = Promise.all(Array.from({ length: 8 }, (_, at) => writer(at * 1_000_000)));
  return {
    written: () => written,
    async stop() {
      stopped = true;
      await running;
      expect(others).toEqual([]);
      const { rows } = await database.query<{ count: number }>("SELECT count(*) AS count FROM marks");
      expect(rows[0]?.count).toBe(written);
    },
  };
}

async function timed(work: () => Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const startMs = performance.now();
  const error = await work().then(
    () => undefined,
    (it: unknown) => it,
  );
  return { error, ms: performance.now() - startMs };
}

const read = () => database.query("SELECT 1");

describe("a PostgreSQL that fails in the middle of load", () => {
  it.each<[string, () => unknown, () => unknown]>([
    ["is stopped", () => server.stop(), () => server.restart()],
    ["dies", () => server.kill(), () => server.restart()],
    ["hangs", () => server.pause(), () => server.resume()],
    ["is cut off", () => proxy.cutOff(), () => proxy.heal()],
    ["is not reached by anything", () => proxy.blackHole(), () => proxy.heal()],
  ])(
    "when it %s: is said to be away soon, then at once, and serves again by itself when it is back",
    { timeout: 90_000 },
    async (how, fail, mend) => {
      const heard: (string | undefined)[] = [];
      await database.listen("marks", (it) => heard.push(it));
      const load = startLoad();
      await eventually(() => expect(load.written()).toBeGreaterThan(200));

      await fail();
      const first = await timed(async () => {
        for (;;) await read();
      });
      expect(isUnavailable(first.error), String(first.error)).toBe(true);
      expect(first.ms).toBeLessThan(5_000);
      // From now on nobody waits: not one in some time, but each.
      await eventually(() => expect(lines.filter((it) => it.msg.startsWith("an engine is away"))).toHaveLength(1));
      const untilMs = performance.now() + 2_000;
      const waits: number[] = [];
      while (performance.now() < untilMs) {
        const { error, ms } = await timed(read);
        expect(isUnavailable(error)).toBe(true);
        expect((error as Failure).details.retryAfterMs).toBeGreaterThan(0);
        waits.push(ms);
        await sleep(10);
      }
      // But for the few that look whether it is there again.
      expect(waits.filter((it) => it > 200).length).toBeLessThanOrEqual(3);
      const ping = await timed(() => database.ping());
      expect(ping.error).toBeInstanceOf(Error);
      expect(ping.error).not.toBeInstanceOf(Failure);
      expect(ping.ms).toBeLessThan(2_500);

      await mend();
      const backMs = performance.now();
      await eventually(read);
      expect(performance.now() - backMs).toBeLessThan(8_000);
      const before = load.written();
      await eventually(() => expect(load.written()).toBeGreaterThan(before + 200));
      await load.stop();
      await database.ping();
      await eventually(async () => {
        await database.query("SELECT pg_notify('marks', 'again')");
        expect(heard).toContain("again");
      });
      // It may have forgotten what was told meanwhile, and says so; one that hung for a moment has not.
      if (how !== "hangs") expect(heard[0]).toBeUndefined();
      // One line when it went and one when it came, however many operations there were.
      expect(lines.map((it) => it.msg)).toEqual([
        expect.stringMatching(/^an engine is away/),
        "an engine is there again",
      ]);
    },
  );

  it("is not taken for away when it has more to do than it can", { timeout: 60_000 }, async () => {
    const slow = Promise.all(Array.from({ length: 12 }, () => database.query("SELECT pg_sleep(1.6)")));
    const locked = database.transaction(async (tx) => {
      await tx.query("LOCK TABLE marks");
      await tx.query("SELECT pg_sleep(2.5)");
    });
    const waiting = timed(() => database.query(INSERT, [1]));
    await database.ping();
    await slow;
    await locked;
    expect((await waiting).error).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it("does not keep a process that stops", { timeout: 60_000 }, async () => {
    const direct = openDatabase({ url: server.url, schema: "test", log: pino({ level: "silent" }), poolMax: 4 });
    await direct.listen("marks", () => {});
    await Promise.all([1, 2, 3].map(() => direct.query("SELECT 1")));
    await server.pause();
    const pending = timed(() => direct.query("SELECT 1"));
    const { ms } = await timed(() => direct.close());
    await server.resume();
    expect(ms).toBeLessThan(6_000);
    expect((await pending).error).toBeDefined();
  });
});
