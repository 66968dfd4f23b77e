import type pg from "pg";
import type { Limit } from "../engine-limit.ts";
import { breaksConnection, isPlanOutdated } from "./away.ts";
import type { Session } from "./connection.ts";
import { cut, type Pool } from "./pool.ts";
import { type Statement, unprepared } from "./statements.ts";

/** What queries run on: the pool, or a transaction's connection. */
export interface Queryable {
  /**
   * Runs one statement. It is parsed and planned once a connection and not with every call, so values belong into
   * `values`: each text is another statement.
   */
  query<R extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<R>>;
}

/**
 * Runs statements and transactions on a pool's connections; what breaks a connection takes it out of the pool, and so does
 * the limit when nobody counts on its answer any more.
 */
export interface Runner {
  query<R extends pg.QueryResultRow>(
    limit: Limit,
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<R>>;
  /** Runs work in one transaction: all of it is stored, or, if it throws, nothing. */
  transaction<T>(limit: Limit, work: (tx: Queryable) => Promise<T>): Promise<T>;
}

/** Whether statements of one session need a transaction around each, to be told the session's settings. */
const needsTransaction = ({ begin }: Session) => begin !== "BEGIN";

/** Lends a connection for some work, and gives it back, or up when it broke. */
async function withClient<T>(
  pool: Pool,
  { signal }: Limit,
  work: (client: pg.PoolClient, giveUp: (cause: Error) => void) => Promise<T>,
): Promise<T> {
  const { client, giveBack } = await pool.borrow();
  let broken: Error | undefined;
  const giveUp = (cause: Error) => {
    broken ??= cause;
  };
  const onLate = () => cut(client);
  signal.addEventListener("abort", onLate);
  try {
    signal.throwIfAborted();
    return await work(client, giveUp);
  } catch (error) {
    if (breaksConnection(error)) giveUp(error as Error);
    throw error;
  } finally {
    signal.removeEventListener("abort", onLate);
    giveBack(broken);
  }
}

/** A transaction around one statement, all three sent at once. */
async function queryInTransaction<R extends pg.QueryResultRow>(
  client: pg.PoolClient,
  begin: string,
  config: pg.QueryConfig,
): Promise<pg.QueryResult<R>> {
  const [began, result, ended] = await Promise.allSettled([
    client.query(begin),
    client.query<R>(config),
    // After an error this rolls back.
    client.query("COMMIT"),
  ]);
  for (const it of [began, result, ended]) if (it.status === "rejected") throw it.reason;
  return (result as PromiseFulfilledResult<pg.QueryResult<R>>).value;
}

/** What a transaction needs besides its connection. */
interface TransactionOptions {
  readonly begin: string;
  readonly statement: Statement;
  /** Told when the connection is in no state for others. */
  readonly giveUp: (cause: Error) => void;
}

async function inTransaction<T>(
  client: pg.PoolClient,
  work: (tx: Queryable) => Promise<T>,
  { begin, statement, giveUp }: TransactionOptions,
): Promise<T> {
  try {
    await client.query(begin);
    const result = await work({ query: (text, values) => client.query(statement(text, values)) });
    // So PostgreSQL answers when a statement failed and nobody minded: nothing is stored then.
    if ((await client.query("COMMIT")).command === "ROLLBACK") throw new Error("A statement of the transaction failed");
    return result;
  } catch (error) {
    // A connection that is gone has rolled back by itself.
    if (!breaksConnection(error)) await client.query("ROLLBACK").catch(giveUp);
    throw error;
  }
}

/** Runs statements on the sessions of a pool. */
export function createRunner(pool: Pool, session: Session, statement: Statement): Runner {
  const once = <R extends pg.QueryResultRow>(limit: Limit, config: pg.QueryConfig) =>
    withClient(pool, limit, (client) =>
      needsTransaction(session) ? queryInTransaction<R>(client, session.begin, config) : client.query<R>(config),
    );
  return {
    query<R extends pg.QueryResultRow>(limit: Limit, text: string, values?: readonly unknown[]) {
      return once<R>(limit, statement(text, values)).catch((error: unknown) => {
        if (!isPlanOutdated(error)) throw error;
        return once<R>(limit, unprepared(text, values));
      });
    },
    transaction: (limit, work) =>
      withClient(pool, limit, (client, giveUp) =>
        inTransaction(client, work, { begin: session.begin, statement, giveUp }),
      ),
  };
}
