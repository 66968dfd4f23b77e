import pg from "pg";
import { expect, test } from "vitest";
import { testPostgres } from "./postgres.ts";

test("each call makes an empty database of its own", async () => {
  const urls = await Promise.all([testPostgres(), testPostgres()]);
  for (const connectionString of urls) {
    const client = new pg.Client({ connectionString });
    await client.connect();
    await client.query("CREATE TABLE mine (id int)");
    await client.end();
  }
  expect(new Set(urls).size).toBe(2);
});
