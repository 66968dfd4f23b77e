import type pg from "pg";
import { createEngine } from "../engine.ts";
import { isAway } from "./away.ts";
import { sessionOf } from "./connection.ts";
import type { DatabaseOptions } from "./database.ts";
import { createPool } from "./pool.ts";
import { createRunner, type Queryable } from "./runner.ts";
import { POOL_MAX } from "./settings.ts";
import { createPrepared, unprepared } from "./statements.ts";

/** Queries that a replica answers while it is there and follows closely, and the primary otherwise. */
export interface Replica extends Queryable {
  close(): Promise<void>;
}

/** Short, since the primary has to answer in what is left of the caller's time. */
const BUDGET_MS = 700;
const LAG_CHECK_INTERVAL_MS = 5_000;
/** A list that is older than this surprises people. */
const LAG_MAX_SECONDS = 2;

// A standby that has replayed all it received is up to date, however long ago the last change was; one that receives
// nothing from a primary that changes nothing cannot know better.
const LAG = `SELECT CASE
    WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0)
  END::float8 AS seconds`;

/** Whether the replica follows closely, as the last look said; looks again, without anybody waiting, from time to time. */
function createLagCheck(run: Queryable["query"]): () => boolean {
  let follows = false;
  let checkedMs = Number.NEGATIVE_INFINITY;
  const check = async () => {
    try {
      const { rows } = await run<{ seconds: number }>(LAG);
      follows = (rows[0]?.seconds ?? 0) <= LAG_MAX_SECONDS;
    } catch {
      follows = false;
    }
  };
  return () => {
    const nowMs = performance.now();
    if (nowMs - checkedMs > LAG_CHECK_INTERVAL_MS) {
      checkedMs = nowMs;
      void check();
    }
    return follows;
  };
}

/** The replica of a database, if it has one. Opens nothing before it is first asked. */
export function openReplica(options: DatabaseOptions, primary: Queryable): Replica | undefined {
  const { replicaUrl, schema, log, metrics, pooler = "none", poolMax = POOL_MAX } = options;
  if (replicaUrl === undefined) return undefined;
  const session = sessionOf(replicaUrl, schema, pooler);
  // Its waits are not counted: there is one metric of that name, the primary's.
  const pool = createPool({ ...session.config, max: poolMax }, undefined, () => {});
  const name = "postgres-replica";
  const engine = createEngine({
    name,
    isAway,
    log,
    budgetMs: BUDGET_MS,
    onAway: () => pool.dropIdle(),
    ...(metrics && { metrics }),
  });
  const runner = createRunner(pool, session, pooler === "none" ? createPrepared() : unprepared);
  const run: Queryable["query"] = (text, values) => engine.run((limit) => runner.query(limit, text, values));
  const follows = createLagCheck(run);
  return {
    async query<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) {
      if (!follows()) return primary.query<R>(text, values);
      // Away, behind with a migration, cancelled since it stood in the way of replaying: the primary knows in any case.
      return run<R>(text, values).catch(() => primary.query<R>(text, values));
    },
    close: () => pool.end(),
  };
}
