import { afterEach, expect, test } from "vitest";
import { createMetrics } from "../metrics.ts";
import { testPostgres } from "../testing/postgres.ts";
import { createPool, type Pool } from "./pool.ts";

let pool: Pool;
afterEach(() => pool?.end());

async function open() {
  const { registry, counter } = createMetrics("test");
  pool = createPool({ connectionString: await testPostgres(), max: 2 }, { counter }, () => {});
  return async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value ?? 0;
}

test("waiting is counted when all connections are in use, and only then", async () => {
  const count = await open();
  const [first, second] = [await pool.borrow(), await pool.borrow()];
  expect(await count("postgres_pool_waits_total")).toBe(0);
  const third = pool.borrow();
  expect(await count("postgres_pool_waits_total")).toBe(1);
  first.giveBack();
  (await third).giveBack();
  second.giveBack();
  expect(await count("postgres_pool_wait_seconds_total")).toBeGreaterThan(0);
  (await pool.borrow()).giveBack();
  expect(await count("postgres_pool_waits_total")).toBe(1);
});

const PID = "SELECT pg_backend_pid() AS pid";

test("a connection that is given back with an error is not lent again", async () => {
  await open();
  const pidOf = async (error?: Error) => {
    const { client, giveBack } = await pool.borrow();
    const { rows } = await client.query<{ pid: number }>(PID);
    giveBack(error);
    return rows[0]?.pid;
  };
  const pids = [await pidOf(), await pidOf(new Error("of no use")), await pidOf()];
  expect(pids[1]).toBe(pids[0]);
  expect(pids[2]).not.toBe(pids[0]);
});

test("a connection that broke while it was lent is not lent again", async () => {
  await open();
  const [broken, other] = [await pool.borrow(), await pool.borrow()];
  const { rows } = await broken.client.query<{ pid: number }>(PID);
  const ended = new Promise<void>((resolve) => broken.client.once("end", resolve));
  await other.client.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
  await ended;
  broken.giveBack();
  const next = await pool.borrow();
  expect((await next.client.query<{ pid: number }>(PID)).rows[0]?.pid).not.toBe(rows[0]?.pid);
  next.giveBack();
  other.giveBack();
});
