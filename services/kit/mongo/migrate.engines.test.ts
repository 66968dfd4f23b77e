import { setTimeout as sleep } from "node:timers/promises";
import { MongoClient } from "mongodb";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testMongo } from "../testing/engines/shared.ts";
import { type MongoMigration, migrateMongo } from "./migrate.ts";

const WORKLOAD = "test";
const LEASE_MS = 600;
const log = pino({ level: "silent" });

let url: string;
let client: MongoClient;
beforeEach(async () => {
  url = await testMongo();
  client = new MongoClient(url);
});
afterEach(() => client.close());

/** Migrations that write down when they begin and end. */
function createMigrations(count: number, takesMs: number) {
  const events: string[] = [];
  const migrations = Array.from({ length: count }, (_, index): MongoMigration => {
    const name = `00${index + 1}_step`;
    return {
      name,
      async up(db, collection) {
        events.push(`${name} begins`);
        await db.collection(collection("things")).updateOne({}, { $inc: { steps: 1 } }, { upsert: true });
        await sleep(takesMs);
        events.push(`${name} ends`);
      },
    };
  });
  return { events, migrations };
}

const migrate = (migrations: readonly MongoMigration[]) =>
  migrateMongo({ url, workload: WORKLOAD, migrations, log, leaseMs: LEASE_MS });

describe("migrations of MongoDB", () => {
  it("run once, in order, one at a time, however many start at the same moment", async () => {
    const { events, migrations } = createMigrations(3, 300); // longer than a lease: it is renewed
    await Promise.all(Array.from({ length: 8 }, () => migrate(migrations)));
    expect(events).toEqual(migrations.flatMap((it) => [`${it.name} begins`, `${it.name} ends`]));
    expect(await client.db().collection(`${WORKLOAD}.things`).findOne()).toMatchObject({ steps: 3 });
    const more = createMigrations(4, 0);
    await migrate(more.migrations);
    expect(more.events).toEqual(["004_step begins", "004_step ends"]);
  });

  it("go on when the one who migrates dies", async () => {
    const until = new Date(Date.now() + LEASE_MS);
    await client
      .db()
      .collection<{ _id: string }>(`${WORKLOAD}.leases`)
      .insertOne({ _id: "migrate", holder: "dead", until } as never);
    const { events, migrations } = createMigrations(1, 0);
    const begunMs = Date.now();
    await migrate(migrations);
    expect(events).toHaveLength(2);
    expect(Date.now() - begunMs).toBeGreaterThan(LEASE_MS / 2);
  });

  it("are tried again after one that failed, which is not taken for done", async () => {
    const { events, migrations } = createMigrations(2, 0);
    let fails = true;
    const [first, second] = migrations;
    const failing: MongoMigration[] = [
      ...(first ? [first] : []),
      {
        name: "002_step",
        async up(...it) {
          if (fails) throw new Error("no room");
          await second?.up(...it);
        },
      },
    ];
    await expect(migrate(failing)).rejects.toThrow("no room");
    fails = false;
    await migrate(failing);
    expect(events).toEqual(["001_step begins", "001_step ends", "002_step begins", "002_step ends"]);
  });
});
