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

/** Parameters of a URL that the driver heeds. */
const HEEDED = [
  ...["sslmode", "sslrootcert", "sslcert", "sslkey", "sslnegotiation", "ssl", "uselibpqcompat"],
  ...["host", "port", "user", "password", "options", "client_encoding"],
  ...["application_name", "fallback_application_name"],
  ...["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "query_timeout"],
];
/** What providers write into their URLs for libpq, and what changes nothing here. */
const HARMLESS = ["channel_binding", "connect_timeout", "gssencmode", "target_session_attrs"];

/** @throws StartError for a parameter that the driver would pass over: a misspelt "sslmode" would mean no TLS */
function checkParameters(name: string, url: string): void {
  const { search, searchParams } = new URL(url);
  const unknown = [...searchParams.keys()].find((it) => !HEEDED.includes(it) && !HARMLESS.includes(it));
  if (unknown === undefined) return;
  // What stands before an "@" may be the end of a password.
  const which = search.includes("@") ? "that there is not" : `"${unknown}"`;
  throw new StartError(`${name} has a parameter ${which}, but there are only ${HEEDED.join(", ")}.`);
}

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
    checkParameters(name, it);
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
