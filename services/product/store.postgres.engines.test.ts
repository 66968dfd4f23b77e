import { describePostgres15, openMigrated } from "#kit/postgres/testing.ts";
import { storeContract } from "./store.contract.ts";
import { storeUnderTest } from "./testing.postgres.ts";

const migrations = new URL("./migrations", import.meta.url);

describePostgres15((reach) =>
  storeContract(async () => storeUnderTest(await openMigrated(await reach(), "product", migrations))),
);
