import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { testPostgres } from "../testing/postgres.ts";
import { type Database, openDatabase } from "./database.ts";

let database: Database;
beforeAll(async () => {
  database = openDatabase({ url: await testPostgres(), schema: "test", log: pino({ level: "silent" }) });
});
afterAll(() => database.close());

const LISTENERS = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";

it("hears several channels on one connection, each only what it asked for, until it stops", async () => {
  const heard: string[] = [];
  const stopA = await database.listen("a", (it) => heard.push(`a ${it}`));
  await database.listen("b", (it) => heard.push(`b ${it}`));
  await database.query("SELECT pg_notify('a', '1'), pg_notify('b', '2'), pg_notify('c', '3')");
  await eventually(() => expect(heard).toEqual(["a 1", "b 2"]));
  expect((await database.query(`SELECT count(*) ${LISTENERS}`)).rows[0]?.count).toBe(1);
  await stopA();
  await database.query("SELECT pg_notify('a', '4')");
  await database.query("SELECT pg_notify('b', '5')");
  await eventually(() => expect(heard).toEqual(["a 1", "b 2", "b 5"]));
});

it("connects anew when the connection breaks, says so, and hears again", async () => {
  const heard: (string | undefined)[] = [];
  await database.listen("d", (it) => heard.push(it));
  await database.query(`SELECT pg_terminate_backend(pid) ${LISTENERS}`);
  await eventually(() => expect(heard).toEqual([undefined]));
  await database.query("SELECT pg_notify('d', 'again')");
  await eventually(() => expect(heard).toEqual([undefined, "again"]));
});

it("fails a transaction whose connection breaks between two queries, and nothing else", async () => {
  const broken = database.transaction(async (tx) => {
    const { rows } = await tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await database.query("SELECT pg_terminate_backend($1, 1000)", [rows[0]?.pid]);
    await tx.query("SELECT 1");
  });
  await expect(broken).rejects.toThrow("A store is away");
  await database.ping();
});
