import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { startPostgres15 } from "../testing/engines/postgres15.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { eventually } from "../testing/eventually.ts";
import { type Database, openDatabase } from "./database.ts";

let primary: TestServer;
let follower: TestServer;
let database: Database;

beforeAll(async () => {
  primary = await startPostgres15();
  follower = await startPostgres15({ replicaOf: primary });
});
afterAll(async () => {
  await follower?.close();
  await primary?.close();
});
beforeEach(() => {
  const log = pino({ level: "silent" });
  database = openDatabase({ url: primary.url, replicaUrl: follower.url, schema: "test", log });
});
afterEach(() => database?.close());

const askReplica = async () => {
  const { rows } = await database.replica.query<{ here: boolean }>("SELECT pg_is_in_recovery() AS here");
  return rows[0]?.here ? "replica" : "primary";
};

it("is asked as soon as it is known to follow, and gives way to the primary when it is away, until it is back", {
  timeout: 60_000,
}, async () => {
  expect(await askReplica()).toBe("primary");
  await eventually(async () => expect(await askReplica()).toBe("replica"));

  await follower.pause();
  // Nobody waits for it for long, and nobody is told.
  const startMs = performance.now();
  expect(await askReplica()).toBe("primary");
  expect(performance.now() - startMs).toBeLessThan(2_500);
  await follower.resume();
  await expect.poll(askReplica, { timeout: 20_000 }).toBe("replica");

  await follower.stop();
  expect(await askReplica()).toBe("primary");
  expect(await askReplica()).toBe("primary");
  await follower.restart();
  await expect.poll(askReplica, { timeout: 20_000 }).toBe("replica");
});

it("what it does not know yet, the primary is asked", async () => {
  await eventually(async () => expect(await askReplica()).toBe("replica"));
  const halt = openDatabase({ url: follower.url, schema: "test", log: pino({ level: "silent" }) });
  try {
    await halt.query("SELECT pg_wal_replay_pause()");
    await database.query("CREATE TABLE fresh AS SELECT 7 AS it");
    expect((await database.replica.query("SELECT it FROM fresh")).rows).toEqual([{ it: 7 }]);
  } finally {
    await halt.query("SELECT pg_wal_replay_resume()");
    await halt.close();
  }
});

it("without one, the primary answers", async () => {
  const alone = openDatabase({ url: primary.url, schema: "test", log: pino({ level: "silent" }) });
  expect((await alone.replica.query("SELECT 1 AS it")).rows).toEqual([{ it: 1 }]);
  await alone.close();
});
