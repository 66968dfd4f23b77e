import type { Database, Queryable } from "../postgres/database.ts";
import type { EventRecord } from "./event-log.ts";
import type { Replayed } from "./events.ts";

/** Events that a group could not handle. */
export interface DeadLetters {
  /** Sets an event aside; the same event again replaces what is known of its failure. */
  add(group: string, record: EventRecord, error: unknown, attempts: number): Promise<void>;
  /** Handles what a group has set aside once more, oldest first; what fails again stays, and the rest of its subject. */
  replay(topic: string, group: string, handle: (record: EventRecord) => Promise<void>): Promise<Replayed>;
}

const ERROR_MAX_CHARS = 4_000;

interface Row {
  id: number;
  event_id: string;
  topic: string;
  type: string;
  subject: string;
  payload: Buffer;
}

// Of two replays at once, the second waits here for the first and then finds the letter gone.
const NEXT = `
  SELECT id, event_id, topic, type, subject, payload FROM dead_letters
  WHERE topic = $1 AND group_name = $2 AND subject <> ALL($3) ORDER BY id LIMIT 1 FOR UPDATE`;

function textOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.replaceAll("\0", "").slice(0, ERROR_MAX_CHARS);
}

/** The dead letters of a workload's schema. */
export function createDeadLetters(database: Database): DeadLetters {
  const replayNext = async (tx: Queryable, values: unknown[], handle: (record: EventRecord) => Promise<void>) => {
    const { rows } = await tx.query<Row>(NEXT, values);
    const row = rows[0];
    if (row === undefined) return undefined;
    try {
      await handle({ ...row, eventId: row.event_id });
      await tx.query("DELETE FROM dead_letters WHERE id = $1", [row.id]);
      return { subject: row.subject, handled: true };
    } catch (error) {
      await tx.query("UPDATE dead_letters SET error = $2, attempts = attempts + 1 WHERE id = $1", [
        row.id,
        textOf(error),
      ]);
      return { subject: row.subject, handled: false };
    }
  };
  return {
    async add(group, { eventId, topic, type, subject, payload }, error, attempts) {
      await database.query(
        `INSERT INTO dead_letters (topic, group_name, event_id, type, subject, payload, error, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (topic, group_name, event_id) DO UPDATE SET error = excluded.error, attempts = excluded.attempts`,
        [topic, group, eventId, type, subject, payload, textOf(error), attempts],
      );
    },
    async replay(topic, group, handle) {
      const failedSubjects: string[] = [];
      for (let handled = 0; ; ) {
        const result = await database.transaction((tx) => replayNext(tx, [topic, group, failedSubjects], handle));
        if (result === undefined) return { handled, failed: failedSubjects.length };
        if (result.handled) handled += 1;
        else failedSubjects.push(result.subject);
      }
    },
  };
}
