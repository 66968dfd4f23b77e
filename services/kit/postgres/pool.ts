import pg from "pg";
import type { Metrics } from "../metrics.ts";

/** A connection for the time being. */
export interface Borrowed {
  readonly client: pg.PoolClient;
  /** Must be called once; with an error, or when the connection broke meanwhile, another takes its place. */
  giveBack(error?: Error): void;
}

/** A bounded number of connections that are used in turns. */
export interface Pool {
  /** A connection that nobody else uses; waits for one while all are in use. */
  borrow(): Promise<Borrowed>;
  /** Closes all connections. */
  end(): Promise<void>;
}

const MS_PER_SECOND = 1_000;

/**
 * Connections that are opened when needed. Counts how often all were in use, and how long was waited for one: who waits
 * much needs more of them, or statements that take less time.
 * @param onBroken told of connections that break while nobody uses them; they are replaced with the next query
 */
export function createPool(
  config: pg.PoolConfig & { readonly max: number },
  metrics: Pick<Metrics, "counter"> | undefined,
  onBroken: (error: Error) => void,
): Pool {
  const pool = new pg.Pool(config);
  pool.on("error", onBroken);
  const waits = metrics?.counter("postgres_pool_waits_total", "Times that all connections to PostgreSQL were in use");
  const waited = metrics?.counter("postgres_pool_wait_seconds_total", "Seconds waited for a connection to PostgreSQL");

  async function connect(): Promise<pg.PoolClient> {
    if (pool.idleCount > 0 || pool.totalCount < config.max) return pool.connect();
    const sinceMs = performance.now();
    waits?.inc();
    try {
      return await pool.connect();
    } finally {
      waited?.inc((performance.now() - sinceMs) / MS_PER_SECOND);
    }
  }

  return {
    async borrow() {
      const client = await connect();
      let broken: Error | undefined;
      // Without a listener, a connection that breaks between two queries would end the process; the next query tells it.
      const onError = (error: Error) => {
        broken = error;
      };
      client.on("error", onError);
      return {
        client,
        giveBack(error) {
          client.off("error", onError);
          client.release(error ?? broken);
        },
      };
    },
    end: () => pool.end(),
  };
}
