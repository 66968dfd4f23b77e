import type { Totals } from "#kit/portable/canonical.ts";
import type { PostgresSession } from "#kit/portable/session.ts";

/** What a target remembers of what was carried into it. */
export interface Mark {
  /** The identity of the shop or the backup that it came from. */
  readonly source: string;
  /** "clearing" and "writing": not finished. */
  readonly state: "clearing" | "writing" | "done";
  /** Of a finished one what was in the target then, by collection. */
  readonly totals: Readonly<Record<string, Totals>>;
}

const MAKE = `
  CREATE SCHEMA IF NOT EXISTS data;
  CREATE TABLE IF NOT EXISTS data.mark (
    -- One row at most.
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    source text NOT NULL,
    state text NOT NULL CHECK (state IN ('clearing', 'writing', 'done')),
    totals jsonb NOT NULL DEFAULT '{}',
    update_time timestamptz NOT NULL DEFAULT now()
  )`;

/** The mark in a shop's database; undefined where nothing was ever carried into it. */
export async function readMark(postgres: PostgresSession): Promise<Mark | undefined> {
  const { rows: there } = await postgres.query<{ there: boolean }>(
    "SELECT to_regclass('data.mark') IS NOT NULL AS there",
  );
  if (there[0]?.there !== true) return undefined;
  return (await postgres.query<Mark & Record<string, unknown>>("SELECT source, state, totals FROM data.mark")).rows[0];
}

/** Sets it. */
export async function writeMark(postgres: PostgresSession, { source, state, totals }: Mark): Promise<void> {
  await postgres.query(MAKE);
  await postgres.query(
    `INSERT INTO data.mark (source, state, totals) VALUES ($1, $2, $3)
     ON CONFLICT (one) DO UPDATE SET source = $1, state = $2, totals = $3, update_time = now()`,
    [source, state, JSON.stringify(totals)],
  );
}
