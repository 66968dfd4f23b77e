import type { Database, Queryable } from "../postgres/database.ts";
import type { EventLog, EventRecord } from "./event-log.ts";

/** A schema's events on their way to the log. */
export interface Outbox {
  /** Wakes the relays of a schema when a transaction that appended commits. */
  readonly channel: string;
  append(tx: Queryable, record: EventRecord): Promise<void>;
  /**
   * Publishes the oldest events and takes them out, unless another replica is at it.
   * @returns how many; 0 when there is nothing to do.
   */
  publishBatch(log: Pick<EventLog, "publish">): Promise<number>;
}

const BATCH_MAX = 100;

// The lock makes transactions on one subject commit in the order of their ids; it ends with the transaction.
const APPEND = `
  WITH turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $4 || ' ' || $5, 0))
  ), stored AS (
    INSERT INTO outbox (event_id, topic, type, subject, payload)
    SELECT $2::uuid, $4, $3, $5, $6::bytea FROM turn
  )
  SELECT pg_notify($1, '')`;

interface Row {
  id: number;
  event_id: string;
  topic: string;
  type: string;
  subject: string;
  payload: Buffer;
}

/** The outbox of a workload's schema. */
export function createOutbox(database: Database): Outbox {
  const channel = `outbox_${database.schema}`;
  return {
    channel,
    async append(tx, { eventId, topic, type, subject, payload }) {
      await tx.query(APPEND, [channel, eventId, type, topic, subject, payload]);
    },
    publishBatch: (log) =>
      database.transaction(async (tx) => {
        const { rows: turns } = await tx.query<{ mine: boolean }>(
          "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS mine",
          [`relay ${channel}`],
        );
        if (turns[0]?.mine !== true) return 0;
        const { rows } = await tx.query<Row>(
          `SELECT id, event_id, topic, type, subject, payload FROM outbox ORDER BY id LIMIT ${BATCH_MAX}`,
        );
        if (rows.length === 0) return 0;
        await log.publish(rows.map(({ event_id, ...row }) => ({ eventId: event_id, ...row })));
        // A crash before this commits publishes them once more.
        await tx.query("DELETE FROM outbox WHERE id = ANY($1)", [rows.map((it) => it.id)]);
        return rows.length;
      }),
  };
}
