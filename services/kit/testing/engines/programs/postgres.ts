import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { debianProgram } from "./debian.ts";
import { exists } from "./find.ts";

const DEBIAN_FOLDER = "/usr/lib/postgresql/15/bin";

/** The folder of PostgreSQL's programs: Debian's PostgreSQL 15, or the one on the path. */
export async function postgresFolder(): Promise<string> {
  if (await exists(join(DEBIAN_FOLDER, "initdb"))) return DEBIAN_FOLDER;
  const initdb = await debianProgram("initdb", "postgresql-15", [DEBIAN_FOLDER]);
  // What is on the path may be a link to where all the programs are.
  return dirname(await realpath(initdb));
}

/** The pooler that stands between services and PostgreSQL in many a production. */
export const pgbouncerProgram = () => debianProgram("pgbouncer", "pgbouncer");
