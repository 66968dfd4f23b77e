import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { migrateEvents } from "./events/create-events.ts";
import type { MongoMigration } from "./mongo/migrate.ts";
import { migrate } from "./postgres/migrate.ts";
import { awaitPostgres } from "./postgres/wait.ts";
import type { Settings, Workload } from "./settings.ts";
import { StartError } from "./start-error.ts";

/** What a service keeps, by the engine that keeps it; an engine that is not named is not needed. */
export interface Schema {
  /** In PostgreSQL, in a schema of its own name: the folder of its SQL files, as a file: URL. */
  readonly migrations?: URL;
  /** Whether it publishes or handles events, and so needs Kafka or, without it, PostgreSQL's event log. */
  readonly events?: boolean;
  /** In MongoDB, in collections that begin with its name. */
  readonly mongo?: readonly MongoMigration[];
}

/** Brings what a service keeps in PostgreSQL to the newest version; any number of processes may do so at once. */
export async function migrateSchema(options: {
  url: string;
  name: string;
  schema: Schema;
  log: Logger;
}): Promise<void> {
  const { url, name, schema, log } = options;
  if (schema.migrations !== undefined) await migrate({ url, schema: name, dir: fileURLToPath(schema.migrations), log });
  if (schema.events) await migrateEvents({ url, schema: name, log });
}

/** The engines of one service, found and waited for. */
export interface Engines {
  /** Empty where the service needs none. */
  readonly postgresUrl: string;
  /** The same server where no pooler stands before it. */
  readonly directPostgresUrl: string;
  readonly mongodbUrl: string | undefined;
}

function postgresUrlOf({ postgresUrl, kafka }: Settings, workload: Workload, schema: Schema): string {
  const hears = schema.events === true && kafka === undefined;
  if (schema.migrations === undefined && !hears) return "";
  if (postgresUrl !== undefined) return postgresUrl;
  const form = "postgres://user:password@host:5432/database";
  if (schema.migrations !== undefined)
    throw new StartError(`POSTGRES_URL is not set, but ${workload} keeps its data in PostgreSQL: set it to ${form}.`);
  throw new StartError(
    `Neither KAFKA_BROKERS nor POSTGRES_URL is set, but ${workload} hears of events there: set KAFKA_BROKERS to host:9092, or POSTGRES_URL to ${form}.`,
  );
}

/**
 * Waits until the engines that a service needs are there.
 * @throws StartError when the settings name too few of them, or when one does not answer, or refuses
 */
export async function awaitEngines(options: {
  readonly settings: Settings;
  readonly workload: Workload;
  readonly schema: Schema;
  readonly log: Logger;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal;
}): Promise<Engines> {
  const { settings, workload, schema, log, signal } = options;
  const postgresUrl = postgresUrlOf(settings, workload, schema);
  const { mongodbUrl } = settings;
  if (schema.mongo !== undefined && mongodbUrl === undefined) throw new StartError("MONGODB_URL is not set.");
  const { postgres } = settings;
  if (postgresUrl !== "") await awaitPostgres({ url: postgresUrl, ...postgres, log, ...(signal && { signal }) });
  if (schema.mongo !== undefined && mongodbUrl !== undefined) {
    // The driver is loaded where it is needed: it weighs as much as a service.
    const { awaitMongo } = await import("./mongo/wait.ts");
    await awaitMongo({ url: mongodbUrl, log, ...(signal && { signal }) });
  }
  return { postgresUrl, directPostgresUrl: postgresUrl && (postgres.directUrl ?? postgresUrl), mongodbUrl };
}

/** Brings all that a service keeps, in each engine, to the newest version; any number of processes may do so at once. */
export async function migrateEngines(options: {
  readonly engines: Engines;
  readonly workload: Workload;
  readonly schema: Schema;
  readonly log: Logger;
}): Promise<void> {
  const { engines, workload, schema, log } = options;
  const { directPostgresUrl, mongodbUrl } = engines;
  if (directPostgresUrl !== "") await migrateSchema({ url: directPostgresUrl, name: workload, schema, log });
  if (schema.mongo !== undefined && mongodbUrl !== undefined) {
    const { migrateMongo } = await import("./mongo/migrate.ts");
    await migrateMongo({ url: mongodbUrl, workload, migrations: schema.mongo, log });
  }
}
