import { describe } from "vitest";
import { openMigrated } from "#kit/postgres/testing.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { storeContract } from "./store.contract.ts";
import { storeUnderTest } from "./testing.postgres.ts";

const migrations = new URL("./migrations", import.meta.url);

describe("PostgreSQL", () =>
  storeContract(async () => storeUnderTest(await openMigrated({ url: await testPostgres() }, "product", migrations))));
