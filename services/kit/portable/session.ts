import pg from "pg";
import type { Queryable } from "../postgres/database.ts";

/** One connection for long work on all schemas of a shop. */
export interface PostgresSession extends Queryable {
  readonly url: string;
  /** Runs work as a whole or not at all. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A connection that also writes. */
export interface WritingSession extends PostgresSession {
  /** From now on a commit is on disk when it is answered. */
  settle(): Promise<void>;
}

/** What the connection is known by at the server; no service has it. */
export const APPLICATION_NAME = "shopmesh-data";

const CONNECT_TIMEOUT_MS = 5_000;
// What a value looks like as text depends on these, and must be the same on both sides.
const SAME_TEXTS =
  "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c bytea_output=hex -c extra_float_digits=1";

async function connect(url: string, options: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: APPLICATION_NAME,
    keepAlive: true,
    options: `${SAME_TEXTS} ${options}`,
  });
  // One that breaks is told of by the next query; without a listener it would end the process.
  client.on("error", () => {});
  await client.connect();
  return client;
}

const queryOf =
  (client: pg.Client): Queryable["query"] =>
  (text, values = []) =>
    client.query(text, values as unknown[]);

/** Opens a connection that sees the whole database as it is at this moment, and changes nothing. */
export async function openSnapshot(url: string): Promise<PostgresSession> {
  const client = await connect(url, "-c idle_in_transaction_session_timeout=0 -c statement_timeout=0");
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  // The snapshot is taken by the first statement, not by BEGIN.
  await client.query("SELECT txid_current_snapshot()");
  const query = queryOf(client);
  return { url, query, transaction: (work) => work({ query }), close: () => client.end() };
}

/**
 * Opens a connection that writes. Its commits do not wait for the disk one by one; after `settle` the next one does, and with it for
 * all that were before.
 */
export async function openWriter(url: string): Promise<WritingSession> {
  const client = await connect(url, "-c synchronous_commit=off -c statement_timeout=0");
  const query = queryOf(client);
  return {
    url,
    query,
    async transaction(work) {
      await client.query("BEGIN");
      try {
        const result = await work({ query });
        await client.query("COMMIT");
        return result;
      } catch (error) {
        await client.query("ROLLBACK").catch(() => {});
        throw error;
      }
    },
    settle: async () => void (await client.query("SET synchronous_commit = on")),
    close: () => client.end(),
  };
}
