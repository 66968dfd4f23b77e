import { createShared, type Main, startService } from "./kit.ts";
import { runProcess, runTask } from "./process.ts";
import { awaitEngines, migrateEngines, type Schema } from "./schema.ts";
import type { Settings, Workload } from "./settings.ts";
import { StartError } from "./start-error.ts";

const MIGRATE = "migrate";

/** What a service keeps; undefined: nothing, or nothing with these settings. */
type SchemaOf = Schema | ((settings: Settings) => Schema | undefined);

const schemaFor = (of: SchemaOf | undefined, settings: Settings) => (typeof of === "function" ? of(settings) : of);

/** Brings what a service keeps to the newest version and ends; a service that keeps nothing has nothing to do. */
function migrateAlone(workload: Workload, schemaOf: SchemaOf | undefined): Promise<never> {
  return runTask(async ({ settings, log }) => {
    const schema = schemaFor(schemaOf, settings);
    if (schema === undefined) return;
    const engines = await awaitEngines({ settings, workload, schema, log });
    await migrateEngines({ engines, workload, schema, log });
    log.info({ workload }, "the schema is up to date");
  });
}

/**
 * One service in a process of its own, from the environment alone: `node services/order/main.ts`. With the argument
 * "migrate" it does not serve, but brings what it keeps to the newest version and ends; any number may do so at once.
 */
export async function runAlone(workload: Workload, main: Main, schemaOf?: SchemaOf): Promise<void> {
  const words = process.argv.slice(2);
  if (words.join(" ") === MIGRATE) return migrateAlone(workload, schemaOf);
  runProcess(async ({ settings, log, stopping, started }) => {
    if (words.length > 0)
      throw new StartError(`There is no command "${words.join(" ")}": give none to serve, or "${MIGRATE}" alone.`);
    const schema = schemaFor(schemaOf, settings);
    const engines = schema && (await awaitEngines({ settings, workload, schema, log, signal: stopping }));
    const shared = await createShared({ settings, log, postgresUrl: engines?.postgresUrl ?? "", stopping });
    started(shared);
    stopping.throwIfAborted();
    const service = await startService(shared, workload, main);
    started(service);
    log.info({ workload, port: service.port }, "serving");
  });
}
