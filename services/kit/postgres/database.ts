import pg from "pg";
import type { Logger } from "pino";
import { createEngine } from "../engine.ts";
import type { Limit } from "../engine-limit.ts";
import type { Metrics } from "../metrics.ts";
import { isAway, meaning } from "./away.ts";
import { clientConfig, type Pooler, STATEMENT_TIMEOUT_MS, sessionOf } from "./connection.ts";
import { createListener } from "./listener.ts";
import { createPool } from "./pool.ts";
import { openReplica } from "./replica.ts";
import { createRunner, type Queryable } from "./runner.ts";
import { POOL_MAX } from "./settings.ts";
import { giveSignOfLife } from "./sign-of-life.ts";
import { createPrepared, unprepared } from "./statements.ts";

export type { Queryable } from "./runner.ts";

/** A workload's own corner of PostgreSQL: one schema that nobody else reads. */
export interface Database extends Queryable {
  readonly schema: string;
  /**
   * The read replica, where there is one, or else the database itself: for lists in which nobody misses what happened
   * a moment ago.
   */
  readonly replica: Queryable;
  /** Runs work in one transaction: all of it is stored, or, if it throws, nothing. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Calls back for each NOTIFY on a channel, and once after a lost connection was made anew: read again what matters. */
  listen(channel: string, onNotify: (payload: string | undefined) => void): Promise<() => Promise<void>>;
  /** Asks whether the server answers. @throws Error with what it says, or that it does not answer */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Longer than the server gives a statement; that it is silent is found otherwise, and a call's own time is shorter. */
const BUDGET_MS = STATEMENT_TIMEOUT_MS + 1_000;
/** A transaction is some statements, each with a time of its own. */
const TRANSACTION_BUDGET_MS = 60_000;
/** Less than readiness waits, so that it hears the reason. */
const PING = { budgetMs: 1_400 };

// int8 as bigint would spread through the code; amounts, counts and offsets all fit into a safe integer.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is too large`);
  return number;
});

/** How to reach PostgreSQL. */
export interface PostgresAccess {
  /** The server, or a pooler in front of it. */
  readonly url: string;
  readonly pooler?: Pooler;
  /** Straight to the server, for what a pooler cannot do: LISTEN and migrations. */
  readonly directUrl?: string | undefined;
  /** A server that follows the first one and may be some moments behind. */
  readonly replicaUrl?: string | undefined;
  /** Connections at most, besides one that listens. */
  readonly poolMax?: number;
}

/** What a database is opened with. */
export interface DatabaseOptions extends PostgresAccess {
  readonly schema: string;
  readonly log: Logger;
  /** Where waiting for a connection and failures are counted, if anywhere. */
  readonly metrics?: Pick<Metrics, "counter" | "registry">;
}

/** Opens a workload's schema. Call `migrate` first. */
export function openDatabase(options: DatabaseOptions): Database {
  const { url, schema, log, metrics, pooler = "none", directUrl = url, poolMax = POOL_MAX } = options;
  const session = sessionOf(url, schema, pooler);
  const pool = createPool({ ...session.config, max: poolMax }, metrics, (error) =>
    log.debug({ err: error }, "an idle connection to the database broke"),
  );
  // Not in the queue of those who wait for a connection.
  const check = () => giveSignOfLife(session.config);
  const engine = createEngine({
    name: "postgres",
    isAway,
    log,
    budgetMs: BUDGET_MS,
    check,
    onAway: () => pool.dropIdle(),
    ...(metrics && { metrics }),
  });
  const runner = createRunner(pool, session, pooler === "none" ? createPrepared() : unprepared);
  const listener = createListener(clientConfig(directUrl, schema), log);
  const guarded = async <T>(work: (limit: Limit) => Promise<T>, budgetMs: number): Promise<T> => {
    try {
      return await engine.run(work, { budgetMs });
    } catch (error) {
      throw meaning(error);
    }
  };
  const primary: Queryable = {
    query: (text, values) => guarded((limit) => runner.query(limit, text, values), BUDGET_MS),
  };
  const replica = openReplica(options, primary);
  return {
    schema,
    query: primary.query,
    replica: replica ?? primary,
    transaction: (work) => guarded((limit) => runner.transaction(limit, work), TRANSACTION_BUDGET_MS),
    listen: (channel, onNotify) => listener.listen(channel, onNotify),
    ping: () => engine.probe((limit) => (pool.hasIdle ? runner.query(limit, "SELECT 1") : check()), PING),
    async close() {
      await Promise.all([listener.close(), replica?.close()]);
      await pool.end();
    },
  };
}
