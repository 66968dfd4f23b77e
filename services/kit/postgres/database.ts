import { createHash } from "node:crypto";
import { runner } from "node-pg-migrate";
import pg from "pg";
import type { Logger } from "pino";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import type { Metrics } from "../metrics.ts";
import { POOL_MAX } from "../settings.ts";
import { createListener } from "./listener.ts";
import { createPool } from "./pool.ts";

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

/** A workload's own corner of PostgreSQL: one schema that nobody else reads. */
export interface Database extends Queryable {
  readonly schema: string;
  /** Runs work in one transaction: all of it is stored, or, if it throws, nothing. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Calls back for each NOTIFY on a channel, and once after a lost connection was made anew: read again what matters. */
  listen(channel: string, onNotify: (payload: string | undefined) => void): Promise<() => Promise<void>>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Statements kept ready on each connection; what is put together from parts may have more forms, and the rest is sent anew. */
const PREPARED_MAX = 200;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 15_000;
const LOCK_TIMEOUT_MS = 10_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;

// int8 as bigint would spread through the code; amounts, counts and offsets all fit into a safe integer.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is too large`);
  return number;
});

/** A number for pg_advisory_lock from a name. */
function lockKey(name: string): string {
  return createHash("sha256").update(name).digest().readBigInt64BE().toString();
}

/**
 * Brings a schema to the newest version: runs the SQL files of a folder (`001_name.sql`, "-- Up Migration" only) that have
 * not run yet, under a lock, so that any number of replicas may start at once.
 */
export async function migrate(options: {
  url: string;
  schema: string;
  dir: string;
  table?: string;
  log: Logger;
}): Promise<void> {
  const client = new pg.Client({ connectionString: options.url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await client.connect();
  const key = lockKey(`migrate ${options.schema}`);
  try {
    await client.query("SELECT pg_advisory_lock($1)", [key]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${options.schema}"`);
    // Extensions are shared by all schemas of a database, so they live in public.
    await client.query(`SET search_path TO "${options.schema}", public`);
    await runner({
      dbClient: client,
      dir: options.dir,
      direction: "up",
      migrationsSchema: options.schema,
      migrationsTable: options.table ?? "migrations",
      schema: [options.schema, "public"],
      // Our own lock waits; the library's fails when another service migrates at the same moment.
      noLock: true,
      verbose: false,
      logger: {
        info: () => {},
        debug: () => {},
        warn: (it: string) => options.log.warn(it),
        error: (it: string) => options.log.error(it),
      },
    });
  } finally {
    await client.end();
  }
}

// What PostgreSQL says of a character it cannot store (appendix A of its manual): NUL, in text and in JSON.
const UNSTORABLE = new Set(["22021", "22P05"]);
// Classes of SQLSTATE and codes of the system that mean that the server is away: 08 connection, 53 resources, 57P shutdown.
const AWAY = /^(08|53|57P|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)/;
const AWAY_MESSAGE = /Connection terminated|timeout exceeded when trying to connect|not queryable|connection error/;
const RETRY_AFTER_MS = 1_000;

/** What an error of the database means to a caller, where it means something. */
function meaning(error: unknown): unknown {
  const { code = "" } = error as { code?: string };
  if (UNSTORABLE.has(code)) {
    return callFailure(ErrorReason.INVALID_INPUT, "A text holds a character that cannot be stored.", {
      violations: [],
      cause: error,
    });
  }
  if (!isAway(error)) return error;
  const details = { retryAfterMs: RETRY_AFTER_MS, cause: error };
  return callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "A store is away for the moment; try again.", details);
}

/** Whether an error says that there is no database for the moment, and not that something was wrong with what was asked. */
export function isAway(error: unknown): boolean {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  return AWAY.test(code) || (code === "" && AWAY_MESSAGE.test(message));
}

const rethrow = (error: unknown) => {
  throw meaning(error);
};

/** A statement as the driver takes it; those with a name stay prepared on the connection. */
function createStatements() {
  const names = new Map<string, string>();
  return (text: string, values: readonly unknown[] = []): pg.QueryConfig => {
    let name = names.get(text);
    if (name === undefined && names.size < PREPARED_MAX) {
      name = `s${names.size}`;
      names.set(text, name);
    }
    return { text, values: values as unknown[], ...(name !== undefined && { name }) };
  };
}

/**
 * Whether a prepared statement was refused, and not begun, since a table that it reads got other columns: a newer version
 * migrates while this one runs. On a new connection it works again.
 */
const isPlanOutdated = (error: unknown) => (error as { code?: string }).code === "0A000";

/** What a database is opened with. */
export interface DatabaseOptions {
  readonly url: string;
  readonly schema: string;
  readonly log: Logger;
  /** Where waiting for a connection is counted, if anywhere. */
  readonly metrics?: Pick<Metrics, "counter">;
  readonly poolMax?: number;
}

/** Opens a workload's schema. Call `migrate` first. */
export function openDatabase({ url, schema, log, metrics, poolMax = POOL_MAX }: DatabaseOptions): Database {
  let closing = false;
  const pool = createPool(
    {
      connectionString: url,
      max: poolMax,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: `shopmesh-${schema}`,
      options: `-c search_path=${schema},public -c statement_timeout=${STATEMENT_TIMEOUT_MS} -c lock_timeout=${LOCK_TIMEOUT_MS} -c idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_TIMEOUT_MS}`,
    },
    metrics,
    (error) => {
      if (!closing) log.warn({ err: error }, "a database connection broke");
    },
  );
  const listener = createListener({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS }, log);
  const statement = createStatements();

  async function run<R extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<R>> {
    const { client, giveBack } = await pool.borrow();
    try {
      const result = await client.query<R>(config);
      giveBack();
      return result;
    } catch (error) {
      giveBack(error as Error);
      throw error;
    }
  }

  return {
    schema,
    async query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      try {
        return await run<R>(statement(text, values)).catch((error: unknown) => {
          if (!isPlanOutdated(error)) throw error;
          return run<R>({ text, values: values as unknown[] });
        });
      } catch (error) {
        throw meaning(error);
      }
    },
    async transaction(work) {
      const { client, giveBack } = await pool.borrow().catch(rethrow);
      let broken: Error | undefined;
      try {
        await client.query("BEGIN");
        const result = await work({ query: (text, values) => client.query(statement(text, values)) });
        await client.query("COMMIT");
        return result;
      } catch (error) {
        if (isPlanOutdated(error)) broken = error as Error;
        await client.query("ROLLBACK").catch((cause: Error) => {
          broken = cause;
        });
        throw meaning(error);
      } finally {
        giveBack(broken);
      }
    },
    listen: (channel, onNotify) => listener.listen(channel, onNotify),
    async ping() {
      await run({ text: "SELECT 1" });
    },
    async close() {
      closing = true;
      await listener.close();
      await pool.end();
    },
  };
}
