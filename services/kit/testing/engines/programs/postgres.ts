import { dirname, join } from "node:path";
import { debianProgram } from "./debian.ts";

const POSTGRES_15_FOLDER = "/usr/lib/postgresql/15/bin";

/** The programs of Debian's PostgreSQL 15, or of the one on the path. */
export async function postgresPrograms(): Promise<{
  readonly initdb: string;
  readonly postgres: string;
  readonly folder: string;
}> {
  const initdb = await debianProgram("initdb", "postgresql-15", [POSTGRES_15_FOLDER]);
  const folder = dirname(initdb);
  return { initdb, postgres: join(folder, "postgres"), folder };
}

/** The pooler that stands between services and PostgreSQL in many a production. */
export const pgbouncerProgram = () => debianProgram("pgbouncer", "pgbouncer");
