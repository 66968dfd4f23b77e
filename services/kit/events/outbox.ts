import type { Database, Queryable } from "../postgres/database.ts";
import type { EventRecord } from "./event-log.ts";

/** An event that waits to be published. */
export interface PendingEvent extends EventRecord {
  readonly id: number;
}

/** How far publishing is behind. */
export interface Backlog {
  /** Events that wait; of more than 100,000 only so many are counted. */
  readonly records: number;
  /** Since when the oldest of them waits; undefined when none does. */
  readonly oldestMs: number | undefined;
}

/** A schema's events on their way to the log. */
export interface Outbox {
  /** Wakes the relays of a schema when a transaction that appended commits. */
  readonly channel: string;
  append(tx: Queryable, record: EventRecord): Promise<void>;
  /** Makes it a replica's turn to publish; false when there is nothing to publish, or another is at it. */
  takeTurn(holder: string, leaseMs: number): Promise<boolean>;
  /** Prolongs the turn of who has it. */
  keepTurn(holder: string, leaseMs: number): Promise<void>;
  endTurn(holder: string): Promise<void>;
  /** The oldest events, in the order in which they were appended; when they are fewer than `OUTBOX_BATCH`, all there are. */
  read(): Promise<PendingEvent[]>;
  /** Takes out what was published. */
  remove(events: readonly PendingEvent[]): Promise<void>;
  backlog(): Promise<Backlog>;
}

/** Events that are published at once. */
export const OUTBOX_BATCH = 100;
const COUNT_MAX = 100_000;

// The lock makes transactions on one subject commit in the order of their ids; it ends with the transaction.
const APPEND = `
  WITH turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $4 || ' ' || $5, 0))
  ), stored AS (
    INSERT INTO outbox (event_id, topic, type, subject, payload)
    SELECT $2::uuid, $4, $3, $5, $6::bytea FROM turn
  )
  SELECT pg_notify($1, '')`;

const TAKE_TURN = `
  UPDATE relay SET holder = $1, lease_until = now() + $2 * interval '1 ms'
  WHERE (holder = $1 OR lease_until < now()) AND EXISTS (SELECT FROM outbox)`;

const KEEP_TURN = "UPDATE relay SET lease_until = now() + $2 * interval '1 ms' WHERE holder = $1";
const END_TURN = "UPDATE relay SET holder = NULL, lease_until = '-infinity' WHERE holder = $1";

const READ = `SELECT id, event_id, topic, type, subject, payload FROM outbox ORDER BY id LIMIT ${OUTBOX_BATCH}`;

const BACKLOG = `
  SELECT (SELECT count(*) FROM (SELECT FROM outbox LIMIT ${COUNT_MAX}) AS counted) AS records,
    (SELECT append_time FROM outbox ORDER BY id LIMIT 1) AS oldest`;

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
    async takeTurn(holder, leaseMs) {
      return (await database.query(TAKE_TURN, [holder, leaseMs])).rowCount === 1;
    },
    async keepTurn(holder, leaseMs) {
      await database.query(KEEP_TURN, [holder, leaseMs]);
    },
    async endTurn(holder) {
      await database.query(END_TURN, [holder]);
    },
    async read() {
      const { rows } = await database.query<Row>(READ);
      return rows.map(({ event_id, ...row }) => ({ eventId: event_id, ...row }));
    },
    async remove(events) {
      await database.query("DELETE FROM outbox WHERE id = ANY($1)", [events.map((it) => it.id)]);
    },
    async backlog() {
      const { rows } = await database.query<{ records: number; oldest: Date | null }>(BACKLOG);
      return { records: rows[0]?.records ?? 0, oldestMs: rows[0]?.oldest?.getTime() };
    },
  };
}
