import { storeContract } from "./store.contract.ts";
import { openTestStore } from "./testing.ts";

storeContract("PostgreSQL", openTestStore);
