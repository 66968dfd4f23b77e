import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll, describe } from "vitest";
import { startPgbouncer } from "../testing/engines/pgbouncer.ts";
import type { TestServer } from "../testing/engines/server.ts";
import { testPostgres15 } from "../testing/engines/shared.ts";
import { type Database, openDatabase, type PostgresAccess } from "./database.ts";
import { migrate } from "./migrate.ts";

/** Reaches a fresh database; closed with the test. */
export type Reach = () => Promise<PostgresAccess>;

/** Runs tests on Debian's PostgreSQL 15: straight, and by way of a PgBouncer in transaction mode. */
export function describePostgres15(tests: (reach: Reach) => void): void {
  describe("on PostgreSQL 15", () => tests(async () => ({ url: await testPostgres15() })));
  describe("on PostgreSQL 15 behind PgBouncer in transaction mode", () => {
    let pgbouncer: TestServer;
    beforeAll(async () => {
      pgbouncer = await startPgbouncer(await testPostgres15());
    });
    afterAll(() => pgbouncer?.close());
    tests(async () => {
      const directUrl = await testPostgres15();
      const url = Object.assign(new URL(directUrl), { host: `127.0.0.1:${pgbouncer.port}` }).href;
      return { url, directUrl, pooler: "transaction" };
    });
  });
}

/** Opens a schema with its migrations done. */
export async function openMigrated(access: PostgresAccess, schema: string, migrations: URL): Promise<Database> {
  const log = pino({ level: "silent" });
  await migrate({ url: access.directUrl ?? access.url, schema, dir: fileURLToPath(migrations), log });
  return openDatabase({ ...access, schema, log });
}
