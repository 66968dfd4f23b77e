import type pg from "pg";
import { withStrictTls } from "./tls.ts";

/**
 * What stands between the process and the server: nothing, or a pooler (PgBouncer, RDS Proxy) that gives a connection away
 * with each transaction, so that nothing may be left behind on it.
 */
export type Pooler = "none" | "transaction";

/** How a connection is opened, and how a transaction begins on it. */
export interface Session {
  readonly config: pg.ClientConfig;
  /** The statement, or several, that a transaction begins with. */
  readonly begin: string;
}

/** Milliseconds for a new connection; a server under load has to start a process and check the password. */
export const CONNECT_TIMEOUT_MS = 4_000;
/** What the server gives a statement, and a statement that waits for a lock. */
export const STATEMENT_TIMEOUT_MS = 15_000;
const LOCK_TIMEOUT_MS = 10_000;
/** Longer than the server may take: a connection without an answer by then has lost its other end. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 2_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;
/** Of silence, until the system asks the other end whether it is still there. */
const KEEPALIVE_DELAY_MS = 10_000;

const timeouts: Readonly<Record<string, number>> = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  lock_timeout: LOCK_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
};

/** What all connections of a schema have in common. */
export function clientConfig(url: string, schema: string): pg.ClientConfig {
  return {
    connectionString: withStrictTls(url),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_DELAY_MS,
    // By this, and by it alone, tools see whether a service is running.
    application_name: `shopmesh-${schema}`,
  };
}

/**
 * A workload's sessions: its schema first, and no statement that goes on for ever. Straight to the server this is said when
 * a connection begins. A pooler in transaction mode refuses that, and a SET would reach whoever has the connection next,
 * so there every transaction begins with it.
 */
export function sessionOf(url: string, schema: string, pooler: Pooler): Session {
  const config = clientConfig(url, schema);
  if (pooler === "none") {
    const settings = Object.entries({ search_path: `${schema},public`, ...timeouts });
    return {
      config: { ...config, options: settings.map(([name, it]) => `-c ${name}=${it}`).join(" ") },
      begin: "BEGIN",
    };
  }
  const settings = Object.entries(timeouts).map(([name, it]) => `SET LOCAL ${name} = ${it}`);
  // What is sent together is answered together: beginning and ending a transaction costs no further way to the pooler.
  return {
    config: { ...config, pipeline: true },
    begin: ["BEGIN", `SET LOCAL search_path = "${schema}", public`, ...settings].join("; "),
  };
}
