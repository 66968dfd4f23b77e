import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testPostgres } from "../testing/postgres.ts";
import { type Database, openDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";

const log = pino({ level: "silent" });
const SCHEMA = "things";

describe("a workload's database", () => {
  let database: Database;

  beforeAll(async () => {
    const url = await testPostgres();
    await migrate({ url, schema: SCHEMA, dir: new URL("../events/migrations-outbox", import.meta.url).pathname, log });
    // One connection, so that each statement meets what the one before left behind.
    database = openDatabase({ url, schema: SCHEMA, log, poolMax: 1 });
    await database.query("CREATE TABLE things (name text PRIMARY KEY)");
  });
  afterAll(() => database?.close());

  const names = async () =>
    (await database.query<{ name: string }>("SELECT name FROM things ORDER BY name")).rows.map((it) => it.name);

  it("stores all of a transaction or nothing", async () => {
    const insert = "INSERT INTO things (name) VALUES ($1)";
    await database.transaction((tx) => tx.query(insert, ["kept"]));
    const failed = database.transaction(async (tx) => {
      await tx.query(insert, ["lost"]);
      await tx.query(insert, ["kept"]);
    });
    await expect(failed).rejects.toMatchObject({ code: "23505" });
    expect(await names()).toEqual(["kept"]);
  });

  it("parses a statement once a connection", async () => {
    const prepared = "SELECT count(*) AS count FROM pg_prepared_statements WHERE statement = $1";
    for (const text of [prepared, prepared])
      expect((await database.query<{ count: number }>(text, [prepared])).rows).toEqual([{ count: 1 }]);
  });

  const all = "SELECT * FROM things";

  it("takes no notice when a table got another column", async () => {
    await database.query(all);
    await database.query("ALTER TABLE things ADD COLUMN first text");
    expect((await database.query(all)).rows[0]).toHaveProperty("first");
  });

  it("loses no more than one transaction to a table that got another column", async () => {
    const read = () => database.transaction((tx) => tx.query(all));
    await read();
    await database.query("ALTER TABLE things ADD COLUMN second text");
    await expect(read()).rejects.toMatchObject({ code: "0A000" });
    expect((await read()).rows[0]).toHaveProperty("second");
  });

  it("runs more forms of a statement than it keeps prepared", async () => {
    for (let form = 0; form < 250; form++)
      expect((await database.query<{ it: number }>(`SELECT $1::int + ${form} AS it`, [1])).rows).toEqual([
        { it: form + 1 },
      ]);
    const { rows } = await database.query<{ count: number }>("SELECT count(*) AS count FROM pg_prepared_statements");
    expect(rows[0]?.count).toBeLessThanOrEqual(200);
  });
});
