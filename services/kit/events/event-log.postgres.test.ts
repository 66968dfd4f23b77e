import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Database, openDatabase } from "../postgres/database.ts";
import { migrate } from "../postgres/migrate.ts";
import { eventually } from "../testing/eventually.ts";
import { testPostgres } from "../testing/postgres.ts";
import { eventLogContract, testRecord } from "./event-log.contract.ts";
import { createPostgresEventLog } from "./event-log.postgres.ts";

const log = pino({ level: "silent" });
const databases: Database[] = [];
let url: string;

beforeAll(async () => {
  url = await testPostgres();
  await migrate({ url, schema: "events", dir: fileURLToPath(new URL("./migrations-log", import.meta.url)), log });
});
afterAll(async () => {
  await Promise.all(databases.map((it) => it.close()));
});

function openTestDatabase(): Database {
  const database = openDatabase({ url, schema: "test", log });
  databases.push(database);
  return database;
}

eventLogContract(async () => createPostgresEventLog({ database: openTestDatabase(), log, pollMs: 200 }));

it("hands a record to another consumer when the one at work dies", async () => {
  const doomed = openDatabase({ url, schema: "test", log });
  const options = { log, pollMs: 50, leaseMs: 300 };
  const first = createPostgresEventLog({ database: doomed, ...options });
  const second = createPostgresEventLog({ database: openTestDatabase(), ...options });
  const seen: string[] = [];
  let release = () => {};
  await first.consume("fail-over", "group", async ({ payload }) => {
    seen.push(`first ${payload[0]}`);
    // Its connections are gone: neither can it renew its lease, nor say that it is done.
    await doomed.close();
    await new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  await second.publish([testRecord("fail-over", "s", 1), testRecord("fail-over", "s", 2)]);
  await eventually(() => expect(seen).toEqual(["first 1"]));
  await second.consume("fail-over", "group", async ({ payload }) => void seen.push(`second ${payload[0]}`));
  await eventually(() => expect(seen).toEqual(["first 1", "second 1", "second 2"]));
  release();
  await Promise.all([first.close(), second.close()]);
});

it("keeps its lease while a handler takes longer than that lasts", async () => {
  const options = { log, pollMs: 50, leaseMs: 150 };
  const logs = [openTestDatabase(), openTestDatabase()].map((database) =>
    createPostgresEventLog({ database, ...options }),
  );
  let calls = 0;
  for (const it of logs) {
    await it.consume("slow", "group", async () => {
      calls += 1;
      await new Promise((resolve) => setTimeout(resolve, 600));
    });
  }
  await logs[0]?.publish([testRecord("slow", "s", 1)]);
  await eventually(() => expect(calls).toBe(1));
  await Promise.all(logs.map((it) => it.close()));
  expect(calls).toBe(1);
});

it("is woken by a publication, not by looking", async () => {
  const eventLog = createPostgresEventLog({ database: openTestDatabase(), log, pollMs: 3_600_000 });
  const seen: unknown[] = [];
  await eventLog.consume("woken", "group", async ({ payload }) => void seen.push(payload[0]));
  for (const n of [1, 2, 3]) {
    await eventLog.publish([testRecord("woken", "s", n)]);
    await eventually(() => expect(seen.length).toBe(n));
  }
  await eventLog.close();
});

it("forgets what is older than 7 days and passed by all groups, and nothing else", async () => {
  const database = openTestDatabase();
  const eventLog = createPostgresEventLog({ database, log });
  const left = async () =>
    (await database.query("SELECT position FROM events.records WHERE topic = 'old' ORDER BY 1")).rows.map(
      (it) => it.position,
    );
  await eventLog.publish([1, 2, 3, 4].map((n) => testRecord("old", "s", n)));
  await database.query(
    "UPDATE events.records SET publish_time = now() - interval '8 days' WHERE topic = 'old' AND position < 4",
  );
  await database.query(
    "INSERT INTO events.consumer_groups (topic, name, position) VALUES ('old', 'fast', 4), ('old', 'slow', 2)",
  );
  await eventLog.prune();
  expect(await left()).toEqual([3, 4]);
  await database.query("UPDATE events.consumer_groups SET position = 4 WHERE name = 'slow'");
  await eventLog.prune();
  expect(await left()).toEqual([4]);
  await eventLog.close();
});
