import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import { type Database, openDatabase, type PostgresAccess } from "../postgres/database.ts";
import { migrate } from "../postgres/migrate.ts";
import { describePostgres15 } from "../postgres/testing.ts";
import { eventLogContract } from "./event-log.contract.ts";
import { createPostgresEventLog } from "./event-log.postgres.ts";

const log = pino({ level: "silent" });

describePostgres15((reach) => {
  const databases: Database[] = [];
  let access: PostgresAccess;
  beforeAll(async () => {
    access = await reach();
    const dir = fileURLToPath(new URL("./migrations-log", import.meta.url));
    await migrate({ url: access.directUrl ?? access.url, schema: "events", dir, log });
  });
  afterAll(() => Promise.all(databases.map((it) => it.close())));
  eventLogContract(async () => {
    const database = openDatabase({ ...access, schema: "test", log });
    databases.push(database);
    return createPostgresEventLog({ database, log, pollMs: 200 });
  });
});
