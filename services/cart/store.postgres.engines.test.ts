import { afterAll, beforeAll } from "vitest";
import type { Database } from "#kit/postgres/database.ts";
import { describePostgres15, openMigrated } from "#kit/postgres/testing.ts";
import { cartStoreContract } from "./store.contract.ts";
import { createPostgresStore } from "./store.postgres.ts";

describePostgres15((reach) => {
  let database: Database;
  beforeAll(async () => {
    database = await openMigrated(await reach(), "cart", new URL("./migrations", import.meta.url));
  });
  afterAll(() => database?.close());
  cartStoreContract(async (options) => createPostgresStore(database, options));
});
