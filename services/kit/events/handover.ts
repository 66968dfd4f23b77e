import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Database } from "../postgres/database.ts";
import type { EventLog, EventRecord } from "./event-log.ts";

/** What PostgreSQL's event log still holds, on its way to the log that took its place. */
export interface Handover {
  /**
   * Carries over all that groups have not passed; returns when nothing is left of it. What comes to the old log later, from
   * replicas that still run with the settings of before, is carried over by the next run.
   * @throws Error while another replica is at it
   */
  run(signal: AbortSignal): Promise<void>;
}

/** The name of a group that nobody else may have: how far the old log was carried over. */
export const HANDOVER_GROUP = "(handed over)";

const LEASE_MS = 60_000;
const BATCH_MAX = 100;

const IS_LEFT = `
  SELECT EXISTS (
    SELECT FROM events.topics AS t LEFT JOIN events.consumer_groups AS g ON g.topic = t.name AND g.name = '${HANDOVER_GROUP}'
    WHERE t.last_position > COALESCE(g.position, 0)
  ) AS is_left`;

// What all groups have passed needs no carrying; of a topic that nobody has read yet, all does.
const BEGIN = `
  INSERT INTO events.consumer_groups AS own (topic, name, position)
  SELECT t.name, '${HANDOVER_GROUP}', COALESCE((SELECT min(g.position) FROM events.consumer_groups AS g
    WHERE g.topic = t.name AND g.name <> '${HANDOVER_GROUP}'), 0) FROM events.topics AS t
  ON CONFLICT (topic, name) DO UPDATE SET position = GREATEST(own.position, excluded.position)`;

const CLAIM = `
  UPDATE events.consumer_groups AS g SET holder = $1, lease_until = now() + $2 * interval '1 ms'
  FROM events.topics AS t
  WHERE g.name = '${HANDOVER_GROUP}' AND t.name = g.topic AND g.position < t.last_position
    AND (g.holder = $1 OR g.lease_until < now())
  RETURNING g.topic, g.position, t.last_position`;

const READ = `
  SELECT position, event_id, topic, type, subject, payload FROM events.records
  WHERE topic = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT ${BATCH_MAX}`;

// For all groups: they get these records from the new log, and shall not get them again if the old one is put back.
const PASS = `
  UPDATE events.consumer_groups SET position = GREATEST(position, $2),
    lease_until = CASE name WHEN '${HANDOVER_GROUP}' THEN now() + $3 * interval '1 ms' ELSE lease_until END
  WHERE topic = $1`;

const RELEASE = `
  UPDATE events.consumer_groups SET holder = NULL, lease_until = '-infinity' WHERE name = '${HANDOVER_GROUP}' AND holder = $1`;

interface Claim {
  topic: string;
  position: number;
  last_position: number;
}

interface Row extends Omit<EventRecord, "eventId"> {
  position: number;
  event_id: string;
}

/** A handover of PostgreSQL's event log; any workload's database will do. Its schema must have been migrated. */
export function createHandover(options: {
  readonly database: Database;
  readonly to: Pick<EventLog, "publish">;
  readonly log: Logger;
}): Handover {
  const { database, to, log } = options;
  const holder = randomUUID();
  const isLeft = async () => (await database.query<{ is_left: boolean }>(IS_LEFT)).rows[0]?.is_left === true;

  /** Answers how many records were carried over. */
  const carryTopic = async ({ topic, position, last_position: end }: Claim, signal: AbortSignal): Promise<number> => {
    let count = 0;
    for (let at = position; at < end && !signal.aborted; ) {
      const { rows } = await database.query<Row>(READ, [topic, at, end]);
      if (rows.length > 0) await to.publish(rows.map(({ event_id, ...row }) => ({ ...row, eventId: event_id })));
      // What retention took away leaves gaps.
      at = rows.length < BATCH_MAX ? end : (rows.at(-1)?.position ?? end);
      // A crash before this carries them over once more.
      await database.query(PASS, [topic, at, LEASE_MS]);
      count += rows.length;
    }
    return count;
  };
  const carryAll = async (signal: AbortSignal) => {
    await database.query(BEGIN);
    const { rows: claims } = await database.query<Claim>(CLAIM, [holder, LEASE_MS]);
    try {
      for (const it of claims) {
        const count = await carryTopic(it, signal);
        log.info({ topic: it.topic, count }, "events were carried over from PostgreSQL's event log");
      }
    } finally {
      await database.query(RELEASE, [holder]).catch(() => {});
    }
  };
  return {
    async run(signal) {
      if (!(await isLeft())) return;
      await carryAll(signal);
      if (!signal.aborted && (await isLeft())) throw new Error("another replica carries events over just now");
    },
  };
}
