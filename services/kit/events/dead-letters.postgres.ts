import type { Database, Queryable } from "../postgres/database.ts";
import { type DeadLetters, textOf } from "./dead-letters.ts";
import type { EventRecord } from "./event-log.ts";

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

/** The dead letters of a workload's schema. */
export function createPostgresDeadLetters(database: Database): DeadLetters {
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
    async close() {},
  };
}
