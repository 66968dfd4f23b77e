import { afterAll, beforeAll } from "vitest";
import type { Database } from "#kit/postgres/database.ts";
import { describePostgres15, openMigrated } from "#kit/postgres/testing.ts";
import { imageStoreContract } from "./store.contract.ts";
import { createPostgresStore } from "./store.postgres.ts";

describePostgres15((reach) => {
  let database: Database;
  beforeAll(async () => {
    database = await openMigrated(await reach(), "image", new URL("./migrations", import.meta.url));
  });
  afterAll(() => database?.close());
  imageStoreContract(async () => {
    await database.query("DELETE FROM images");
    return createPostgresStore(database);
  });
});
