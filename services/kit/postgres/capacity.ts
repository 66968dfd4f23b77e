import type { Logger } from "pino";
import type { Database } from "./database.ts";

/** What is asked of a server, and what it has. */
export interface Capacity {
  /** Services that run, each replica once, this one among them. */
  readonly services: number;
  /** Connections that all of them together may open. */
  readonly needed: number;
  /** Connections that the server has for them. */
  readonly available: number;
}

/** Beside its pool a service may hold one connection that listens, and one for a moment to see whether the server is there. */
const BESIDE_POOL = 2;

// Replicas are told apart by their addresses: in a cluster each has its own.
const COUNT = `SELECT
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - count(*) FILTER (WHERE backend_type = 'client backend' AND coalesce(application_name, '') NOT LIKE 'shopmesh-%')::int AS available,
    count(DISTINCT (application_name, coalesce(host(client_addr), '')))
      FILTER (WHERE application_name LIKE 'shopmesh-%')::int AS services
  FROM pg_stat_activity`;

/** How the connections that services may open compare to those there are. */
export async function measureCapacity(database: Pick<Database, "query">, poolMax: number): Promise<Capacity> {
  const { rows } = await database.query<{ available: number; services: number }>(COUNT);
  const { available = 0, services = 0 } = rows[0] ?? {};
  return { services, needed: services * (poolMax + BESIDE_POOL), available };
}

/** Warns when the services that run now could ask for more connections than the server has. Never throws. */
export async function warnOfCapacity(
  database: Pick<Database, "query">,
  { poolMax, log }: { readonly poolMax: number; readonly log: Pick<Logger, "warn"> },
): Promise<void> {
  const capacity = await measureCapacity(database, poolMax).catch(() => undefined);
  if (capacity === undefined || capacity.needed <= capacity.available) return;
  log.warn(
    { ...capacity, poolMax },
    "the services may ask for more connections than PostgreSQL has: lower POSTGRES_POOL_MAX, raise max_connections, or set a pooler before it",
  );
}
