import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPgbouncer } from "../testing/engines/pgbouncer.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { testPostgres15 } from "../testing/engines/shared.ts";
import { eventually } from "../testing/eventually.ts";
import { type Database, openDatabase, type PostgresAccess } from "./database.ts";
import { awaitPostgres } from "./wait.ts";

const log = pino({ level: "silent" });
let pgbouncer: TestServer;
let access: PostgresAccess;
const opened: Database[] = [];

function open(schema: string): Database {
  const database = openDatabase({ ...access, schema, log, poolMax: 8 });
  opened.push(database);
  return database;
}

beforeAll(async () => {
  const directUrl = await testPostgres15();
  pgbouncer = await startPgbouncer(directUrl);
  access = { url: pgbouncer.url, directUrl, pooler: "transaction" };
  for (const schema of ["order", "cart"]) {
    await open(schema).query(`CREATE SCHEMA "${schema}"`);
    await open(schema).query("CREATE TABLE things (id int PRIMARY KEY, name text)");
  }
});
afterAll(async () => {
  await Promise.all(opened.map((it) => it.close()));
  await pgbouncer?.close();
});

describe("behind a pooler in transaction mode", () => {
  it("each statement and transaction sees its own schema and limits, whoever had the connection before", async () => {
    const asked = "SELECT current_schema AS schema, current_setting('statement_timeout') AS timeout";
    const ask = async (schema: string) => {
      const database = open(schema);
      const alone = Array.from({ length: 60 }, () => database.query(asked));
      const together = Array.from({ length: 20 }, () =>
        database.transaction(async (tx) => {
          await tx.query("SELECT pg_sleep(0.002)");
          return tx.query(asked);
        }),
      );
      const answers = (await Promise.all([...alone, ...together])).map((it) => it.rows[0]);
      for (const it of answers) expect(it).toEqual({ schema, timeout: "15s" });
    };
    await Promise.all([ask("order"), ask("cart"), ask("order")]);
  });

  it("leaves nothing behind on a connection for those who come next", async () => {
    await Promise.all(Array.from({ length: 20 }, () => open("order").query("SELECT 1")));
    // Many clients of one statement each time another server's connection: names would meet each other here.
    const values = await Promise.all(
      Array.from({ length: 300 }, (_, at) =>
        opened[at % opened.length]?.query<{ it: number }>("SELECT $1::int AS it", [at]),
      ),
    );
    expect(values.map((it) => it?.rows[0]?.it)).toEqual(Array.from({ length: 300 }, (_, at) => at));
  });

  it("a statement that fails takes nothing along, and says what it failed with", async () => {
    const database = open("order");
    const insert = "INSERT INTO things (id, name) VALUES ($1, $2)";
    await database.query(insert, [1, "one"]);
    await expect(database.query(insert, [1, "again"])).rejects.toMatchObject({ code: "23505" });
    const failed = database.transaction(async (tx) => {
      await tx.query(insert, [2, "two"]);
      await tx.query(insert, [1, "again"]);
    });
    await expect(failed).rejects.toMatchObject({ code: "23505" });
    await expect(database.query("SELECT nonsense")).rejects.toMatchObject({ code: "42703" });
    expect((await database.query("SELECT id FROM things")).rows).toEqual([{ id: 1 }]);
  });

  it("NOTIFY is heard, on the way that leads straight to the server", async () => {
    const database = open("order");
    const heard: (string | undefined)[] = [];
    await database.listen("news", (it) => heard.push(it));
    await database.query("SELECT pg_notify('news', 'it happened')");
    await eventually(() => expect(heard).toEqual(["it happened"]));
  });

  it("a start that does not know of the pooler says what to set, and one that does goes on", async () => {
    const unaware = awaitPostgres({ url: access.url, log });
    await expect(unaware).rejects.toThrow(
      /^The database of POSTGRES_URL \(.*\) is a pooler that does not keep .* set POSTGRES_POOLER=transaction/,
    );
    await awaitPostgres({ ...access, log });
  });
});
