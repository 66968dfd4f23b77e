import pg from "pg";
import type { Metrics } from "../metrics.ts";
import { isAway, NoConnectionError, PoolBusyError } from "./away.ts";

/** A connection for the time being. */
export interface Borrowed {
  readonly client: pg.PoolClient;
  /** Must be called once; with an error, or when the connection broke meanwhile, another takes its place. */
  giveBack(error?: Error): void;
}

/** A bounded number of connections that are used in turns. */
export interface Pool {
  /** Whether a connection is open that nobody uses or waits for. */
  readonly hasIdle: boolean;
  /**
   * A connection that nobody else uses; waits for one while all are in use.
   * @throws NoConnectionError when none can be opened, PoolBusyError when none becomes free in time
   */
  borrow(): Promise<Borrowed>;
  /** Cuts the connections that nobody uses: after the server was away, each of them may be dead without knowing. */
  dropIdle(): void;
  /** Closes all connections; those that do not come to their end in time are cut. */
  end(): Promise<void>;
}

const MS_PER_SECOND = 1_000;
const CLOSE_MAX_MS = 2_000;

/** Milliseconds that are waited for a connection while others use all. */
const WAIT_MAX_MS = 5_000;

/** The driver's client, with limits of its own, whatever the pool says. */
function clientOf(config: pg.ClientConfig): new () => pg.Client {
  return class extends pg.Client {
    constructor() {
      super(config);
    }
  };
}

/** Cuts a connection whose other end may not answer. */
export function cut(client: pg.ClientBase): void {
  (client as pg.Client).connection.stream.destroy();
}

/** Ends what is told to end; cuts it off when that takes too long, since a server that hangs never says goodbye. */
export async function endWithin(end: () => Promise<void>, cutOff: () => void): Promise<void> {
  const timer = setTimeout(cutOff, CLOSE_MAX_MS);
  await end().finally(() => clearTimeout(timer));
}

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
  // The pool's own limit is for waiting; that for connecting is the client's.
  const pool = new pg.Pool({ ...config, connectionTimeoutMillis: WAIT_MAX_MS, Client: clientOf(config) });
  const all = new Set<pg.PoolClient>();
  const borrowed = new Set<pg.PoolClient>();
  pool.on("error", onBroken);
  pool.on("connect", (client) => void all.add(client));
  pool.on("remove", (client) => void all.delete(client));
  const waits = metrics?.counter("postgres_pool_waits_total", "Times that all connections to PostgreSQL were in use");
  const waited = metrics?.counter("postgres_pool_wait_seconds_total", "Seconds waited for a connection to PostgreSQL");

  const isBusy = () => pool.idleCount === 0 && pool.totalCount >= config.max;
  const connect = () =>
    pool.connect().catch((error: unknown) => {
      // So it says when none of its connections became free; when it could not open one it says something else.
      const { message } = error as Error;
      if (message === "timeout exceeded when trying to connect") throw new PoolBusyError(message, { cause: error });
      throw new NoConnectionError(error);
    });
  async function connectAfterWait(): Promise<pg.PoolClient> {
    const sinceMs = performance.now();
    waits?.inc();
    try {
      return await connect();
    } finally {
      waited?.inc((performance.now() - sinceMs) / MS_PER_SECOND);
    }
  }

  let ended: Promise<void> | undefined;
  return {
    get hasIdle() {
      return pool.idleCount > pool.waitingCount;
    },
    async borrow() {
      const client = await (isBusy() ? connectAfterWait() : connect());
      borrowed.add(client);
      let broken: Error | undefined;
      // Without a listener, a connection that breaks between two queries would end the process; the next query tells it.
      const onError = (error: Error) => {
        broken = error;
      };
      client.on("error", onError);
      return {
        client,
        giveBack(error) {
          borrowed.delete(client);
          client.off("error", onError);
          const reason = error ?? broken;
          client.release(reason);
          if (reason !== undefined && isAway(reason)) cut(client);
        },
      };
    },
    dropIdle() {
      for (const it of all) if (!borrowed.has(it)) cut(it);
    },
    end() {
      ended ??= endWithin(
        () => pool.end(),
        () => all.forEach(cut),
      );
      return ended;
    },
  };
}
