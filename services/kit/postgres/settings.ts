import { availableParallelism } from "node:os";
import { type Env, integer, oneOf, url } from "../env.ts";
import { StartError } from "../start-error.ts";
import type { Pooler } from "./connection.ts";
import { checkTls } from "./tls.ts";

/** How PostgreSQL is used, besides where it is. */
export interface PostgresSettings {
  /** Connections that one service of the process holds at most, besides one that listens. */
  readonly poolMax: number;
  /** What stands between the process and the server. */
  readonly pooler: Pooler;
  /** Straight to the server where a pooler stands before it. */
  readonly directUrl: string | undefined;
  /** A read replica. */
  readonly replicaUrl: string | undefined;
}

const SCHEMES = ["postgres", "postgresql"];
const URLS = ["POSTGRES_URL", "POSTGRES_DIRECT_URL", "POSTGRES_REPLICA_URL"] as const;
const POOL_LIMIT = 100;

/**
 * Connections where nothing is said. One process keeps few busy, and a server no more than some for each of its
 * processors; the ones above wait for locks and disks.
 */
export function defaultPoolMax(cores: number): number {
  return Math.min(12, Math.max(6, 2 * cores + 2));
}

/** Connections of a service in a process on this machine where nothing is said. */
export const POOL_MAX = defaultPoolMax(availableParallelism());

/** @throws StartError for a wrong value, or one that lacks another */
export function readPostgres(env: Env): PostgresSettings {
  const urls = Object.fromEntries(URLS.map((name) => [name, url(env, name, SCHEMES)]));
  for (const [name, it] of Object.entries(urls)) {
    if (it === undefined) continue;
    checkTls(name, it);
    if (urls.POSTGRES_URL === undefined) throw new StartError(`${name} is set, but POSTGRES_URL is not.`);
  }
  const pooler = oneOf(env, "POSTGRES_POOLER", ["none", "transaction"] as const, "none");
  const directUrl = urls.POSTGRES_DIRECT_URL;
  if (pooler === "transaction" && directUrl === undefined)
    throw new StartError(
      "POSTGRES_POOLER is transaction, so POSTGRES_DIRECT_URL must be set to where the server itself is: LISTEN and migrations do not pass a pooler.",
    );
  return {
    // At least two: one that relays events holds a connection while it publishes on another.
    poolMax: integer(env, "POSTGRES_POOL_MAX", POOL_MAX, 2, POOL_LIMIT),
    pooler,
    directUrl,
    replicaUrl: urls.POSTGRES_REPLICA_URL,
  };
}
