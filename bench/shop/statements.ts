import pg from "pg";

/** A statement as PostgreSQL counted it. */
export interface Statement {
  readonly query: string;
  readonly calls: number;
  /** How often it was planned; a prepared statement may go without. */
  readonly plans: number;
  /** Milliseconds, of all calls together. */
  readonly plan_ms: number;
  readonly exec_ms: number;
  readonly rows: number;
}

const STATEMENTS_MAX = 60;

async function withDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes PostgreSQL count its statements from its next start on. */
export async function collectStatements(url: string): Promise<void> {
  await withDatabase(url, async (client) => {
    await client.query("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
    await client.query("ALTER SYSTEM SET \"pg_stat_statements.track_planning\" = 'on'");
    await client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public");
  });
}

/** Forgets what was counted so far. */
export async function resetStatements(url: string): Promise<void> {
  await withDatabase(url, (client) => client.query("SELECT public.pg_stat_statements_reset()"));
}

/** What was run since, dearest first. */
export async function readStatements(url: string): Promise<Statement[]> {
  return withDatabase(url, async (client) => {
    const { rows } = await client.query<Statement>(
      `SELECT query, calls::float8 AS calls, plans::float8 AS plans, total_plan_time AS plan_ms, total_exec_time AS exec_ms, rows::float8 AS rows
       FROM public.pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'
       ORDER BY total_plan_time + total_exec_time DESC LIMIT ${STATEMENTS_MAX}`,
    );
    return rows;
  });
}

/** The statements as text: how often and how long for each call of the shop. */
export function statementsTable(statements: readonly Statement[], calls: number): string {
  const a = (value: number, digits: number) => (value / calls).toFixed(digits).padStart(9);
  const lines = statements.map(
    (it) =>
      `${a(it.calls, 2)} ${a(it.plans, 2)} ${a(it.plan_ms * 1_000, 0)} ${a(it.exec_ms * 1_000, 0)}  ${it.query.replaceAll(/\s+/g, " ")}`,
  );
  const total = statements.reduce((sum, it) => sum + it.calls, 0);
  return [
    `${a(total, 2)} statements a call`,
    "",
    "   a call   planned   plan µs   exec µs  statement",
    ...lines,
    "",
  ].join("\n");
}
