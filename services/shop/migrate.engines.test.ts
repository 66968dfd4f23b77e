import pg from "pg";
import { expect, it } from "vitest";
import { testPostgres15 } from "#kit/testing/engines/shared.ts";
import { startAlone } from "./testing/alone.ts";

const REPLICAS = 8;

it("eight replicas that start at once bring an empty PostgreSQL 15 to the newest version once", {
  timeout: 180_000,
}, async () => {
  const url = await testPostgres15();
  const names = ["order", "auth"];
  const starting = Array.from({ length: REPLICAS }, (_, at) =>
    startAlone(`${names[at % names.length]}/main.ts`, ["migrate"], { POSTGRES_URL: url }),
  );
  const codes = await Promise.all(starting.map((it) => it.ended));
  expect(codes, starting.map((it) => it.output()).join("\n")).toEqual(Array(REPLICAS).fill(0));

  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const tables = [
    "auth.migrations",
    "auth.outbox_migrations",
    '"order".migrations',
    '"order".outbox_migrations',
    "events.migrations",
  ];
  for (const table of tables) {
    const { rows } = await client.query(`SELECT name FROM ${table}`);
    const applied = rows.map((it: { name: string }) => it.name);
    expect(applied.length, table).toBeGreaterThan(0);
    expect(new Set(applied).size, table).toBe(applied.length);
  }
  await client.end();
});
