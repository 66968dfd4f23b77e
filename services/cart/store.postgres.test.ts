import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, openDatabase } from "#kit/postgres/database.ts";
import { migrate } from "#kit/postgres/migrate.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { cartStoreContract } from "./store.contract.ts";
import { createPostgresStore } from "./store.postgres.ts";

const log = pino({ level: "silent" });
let database: Database;

beforeAll(async () => {
  const url = await testPostgres();
  await migrate({ url, schema: "cart", dir: fileURLToPath(new URL("./migrations", import.meta.url)), log });
  database = openDatabase({ url, schema: "cart", log });
});
afterAll(() => database?.close());

cartStoreContract(async (options) => createPostgresStore(database, options));

test("merges both ways at once leave all pieces in one of the carts: each is one transaction", async () => {
  const store = createPostgresStore(database, { lifetimeMs: 60_000, renewAfterMs: 0, purchaseMemoryMs: 0 });
  const [one, two] = [randomUUID(), randomUUID()];
  const line = { productId: "pan", limit: 99, requestId: undefined };
  await store.add(one, { ...line, quantity: 5 });
  await store.add(two, { ...line, quantity: 7 });
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? store.merge(one, two) : store.merge(two, one))),
  );
  const lines = [...(await store.read(one)).lines, ...(await store.read(two)).lines];
  expect(lines).toEqual([{ productId: "pan", quantity: 12 }]);
});

test("a purge deletes expired rows a batch at a time, and no others", async () => {
  const store = createPostgresStore(database, { lifetimeMs: 1000, renewAfterMs: 0, purchaseMemoryMs: 0 });
  const count = async () => {
    const { rows } = await database.query<{ carts: number; lines: number }>(
      "SELECT (SELECT count(*) FROM carts) AS carts, (SELECT count(*) FROM lines) AS lines",
    );
    return rows[0];
  };
  await database.query("DELETE FROM carts");
  await database.query(
    `INSERT INTO carts (owner, expire_time) SELECT gen_random_uuid(), now() + CASE WHEN n <= 5 THEN -1 ELSE 1 END * interval '1 hour'
     FROM generate_series(1, 7) AS n`,
  );
  await database.query("INSERT INTO lines (owner, product_id, quantity) SELECT owner, 'pan', 1 FROM carts");
  expect([await store.purge(3), await count()]).toEqual([3, { carts: 4, lines: 4 }]);
  expect([await store.purge(3), await count()]).toEqual([2, { carts: 2, lines: 2 }]);
  expect([await store.purge(3), await count()]).toEqual([0, { carts: 2, lines: 2 }]);
});

test("a request id is forgotten after many others: the memory of a cart is bounded", async () => {
  const store = createPostgresStore(database, { lifetimeMs: 60_000, renewAfterMs: 0, purchaseMemoryMs: 0 });
  const [{ owner } = { owner: "" }] = (await database.query<{ owner: string }>("SELECT gen_random_uuid() AS owner"))
    .rows;
  const add = async (requestId: string) => store.add(owner, { productId: "pan", quantity: 1, limit: 99, requestId });
  const { rows } = await database.query<{ id: string }>("SELECT gen_random_uuid() AS id FROM generate_series(1, 110)");
  for (const { id } of rows) {
    await add(id);
    if ((await store.read(owner)).lines[0]?.quantity === 99) await store.clear(owner);
  }
  const stored = await database.query<{ ids: string[] }>("SELECT request_ids AS ids FROM carts WHERE owner = $1", [
    owner,
  ]);
  expect(stored.rows[0]?.ids).toEqual(rows.slice(10).map((it) => it.id));
});
