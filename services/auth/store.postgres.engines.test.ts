import { describePostgres15 } from "#kit/postgres/testing.ts";
import { storeContract } from "./store.contract.ts";
import { openTestStore } from "./testing.ts";

describePostgres15((reach) => storeContract("PostgreSQL", async () => openTestStore(await reach())));
