import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { migrateEvents } from "./events/create-events.ts";
import { migrate } from "./postgres/database.ts";

/** What a service keeps in PostgreSQL: a schema in its own name. */
export interface Schema {
  /** The folder of its SQL files, as a file: URL. */
  readonly migrations: URL;
  /** Whether it publishes or handles events, and so has an outbox and needs the event log. */
  readonly events?: boolean;
}

/** Brings all that a service keeps to the newest version; any number of processes may do so at once. */
export async function migrateSchema(options: {
  url: string;
  name: string;
  schema: Schema;
  log: Logger;
}): Promise<void> {
  const { url, name, schema, log } = options;
  await migrate({ url, schema: name, dir: fileURLToPath(schema.migrations), log });
  if (schema.events) await migrateEvents({ url, schema: name, log });
}
