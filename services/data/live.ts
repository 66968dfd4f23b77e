import { APPLICATION_NAME, type PostgresSession } from "#kit/portable/session.ts";

const PREFIX = "shopmesh-";

// Whoever serves is connected to PostgreSQL, whatever engines it has besides: order and auth live nowhere else.
const LIVE = `
  SELECT DISTINCT application_name AS name FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE '${PREFIX}%' AND application_name <> '${APPLICATION_NAME}'
  ORDER BY 1`;

/** The services that are connected to a shop's database at this moment: "order". */
export async function liveServices(postgres: PostgresSession): Promise<string[]> {
  const { rows } = await postgres.query<{ name: string }>(LIVE);
  return rows.map((it) => it.name.slice(PREFIX.length));
}
