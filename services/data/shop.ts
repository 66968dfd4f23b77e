import { createHash } from "node:crypto";
import { startEmbeddedPostgres } from "#kit/embedded-postgres/index.ts";
import type { Logger } from "#kit/log.ts";
import type { Collection } from "#kit/portable/collection.ts";
import { eventLogCollections } from "#kit/portable/events.ts";
import { openSnapshot, openWriter, type PostgresSession, type WritingSession } from "#kit/portable/session.ts";
import { awaitPostgres } from "#kit/postgres/wait.ts";
import { awaitEngines, migrateEngines } from "#kit/schema.ts";
import type { Settings } from "#kit/settings.ts";
import { liveServices } from "./live.ts";
import { SERVICES } from "./services.ts";
import { checkVersions } from "./versions.ts";

/** A shop, as whoever uses the tool named it. */
export interface ShopPlace {
  readonly name: string;
  readonly settings: Settings;
}

/** A shop's data, opened. */
export interface OpenShop<S extends PostgresSession = PostgresSession> {
  readonly name: string;
  readonly settings: Settings;
  /** The services that were connected when it was opened. */
  readonly live: readonly string[];
  /** Those of which nobody may tell us. */
  readonly unseen: readonly string[];
  /** Tells its database from all others, wherever it is reached. */
  readonly identity: string;
  /** All that it keeps, in the order to write it. */
  readonly collections: readonly Collection[];
  readonly postgres: S;
  close(): Promise<void>;
}

const POSTGRES_WAIT_MS = 10_000;

interface Opened {
  readonly url: string;
  readonly closers: (() => Promise<void> | void)[];
}

/** Finds the shop's PostgreSQL, or starts the one that npm brings; that is refused while the shop runs on it. */
async function openPostgres({ settings }: ShopPlace, log: Logger): Promise<Opened> {
  if (settings.postgresUrl === undefined) {
    const postgres = await startEmbeddedPostgres({ dataDir: settings.dataDir });
    return { url: postgres.url, closers: [() => postgres.stop()] };
  }
  await awaitPostgres({ url: settings.postgresUrl, log, waitMs: POSTGRES_WAIT_MS });
  return { url: settings.postgresUrl, closers: [] };
}

async function closeAll(closers: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const it of closers.toReversed()) await it();
}

/** Who the database is: the same by whichever address, another after a restore elsewhere. */
async function identityOf(postgres: PostgresSession): Promise<string> {
  const { rows } = await postgres.query<{ server: string; database: string }>(
    `SELECT (SELECT system_identifier FROM pg_control_system())::text AS server,
       (SELECT oid FROM pg_database WHERE datname = current_database())::text AS database`,
  );
  return createHash("sha256").update(`${rows[0]?.server} ${rows[0]?.database}`).digest("hex").slice(0, 32);
}

interface Opening<S extends PostgresSession> {
  readonly connect: (url: string) => Promise<S>;
  /** Whether it is only read. */
  readonly isRead: boolean;
  /** Before anything is asked of the engines. */
  readonly prepare?: (settings: Settings) => Promise<void>;
  readonly check?: (settings: Settings, postgres: S) => Promise<void>;
}

async function open<S extends PostgresSession>(place: ShopPlace, log: Logger, how: Opening<S>): Promise<OpenShop<S>> {
  const { name } = place;
  const { url, closers } = await openPostgres(place, log);
  try {
    const settings = { ...place.settings, postgresUrl: url };
    await how.prepare?.(settings);
    // A pooler gives a connection to somebody else after each transaction.
    const postgres = await how.connect(settings.postgres.directUrl ?? url);
    closers.push(() => postgres.close());
    await how.check?.(settings, postgres);
    const collections: Collection[] = [];
    const { live, unseen } = await liveServices({ postgres, settings, log });
    const context = {
      settings,
      postgres,
      isRead: how.isRead,
      log,
      onClose: (it: () => Promise<void> | void) => void closers.push(it),
    };
    for (const { portable } of SERVICES) collections.push(...(await portable(context)));
    collections.push(...eventLogCollections(postgres, settings));
    const identity = await identityOf(postgres);
    return { name, settings, identity, live, unseen, collections, postgres, close: () => closeAll(closers) };
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

/**
 * Opens a shop to be read. All that is in its PostgreSQL is seen as it is at this moment.
 * @throws StartError when it cannot be reached, runs on the laptop's own database, or is of another version
 */
export function openToRead(place: ShopPlace, log: Logger): Promise<OpenShop> {
  return open(place, log, {
    isRead: true,
    connect: openSnapshot,
    check: (settings, postgres) => checkVersions(place.name, settings, postgres),
  });
}

/**
 * Opens a shop to be written to, and makes what it lacks: schemas, collections, buckets.
 * @throws StartError when it cannot be reached, or runs on the laptop's own database
 */
export function openToWrite(place: ShopPlace, log: Logger): Promise<OpenShop<WritingSession>> {
  return open(place, log, {
    isRead: false,
    connect: openWriter,
    async prepare(settings) {
      for (const { workload, schemaOf } of SERVICES) {
        const schema = schemaOf(settings);
        if (schema === undefined) continue;
        const engines = await awaitEngines({ settings, workload, schema, log });
        await migrateEngines({ engines, workload, schema, log });
      }
    },
  });
}
