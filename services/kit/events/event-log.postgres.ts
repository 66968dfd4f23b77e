import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Database } from "../postgres/database.ts";
import type { EventLog, EventRecord, RecordHandler } from "./event-log.ts";
import { HANDOVER_GROUP } from "./handover.ts";
import { startWorker, type Worker } from "./worker.ts";

/** An event log in PostgreSQL's schema `events`. */
export interface PostgresEventLog extends EventLog {
  /** Forgets records that are older than 7 days and that all groups have passed; runs every hour by itself. */
  prune(): Promise<void>;
}

/** What it stands on; the times are there for tests. */
export interface PostgresEventLogOptions {
  /** Any workload's database: all names are qualified. */
  readonly database: Database;
  readonly log: Logger;
  /** How long a consumer that fell silent keeps others from taking over, in milliseconds. */
  readonly leaseMs?: number;
  /** How often a consumer looks for work nobody told it of, in milliseconds. */
  readonly pollMs?: number;
}

const CHANNEL = "events";
const LEASE_MS = 15_000;
const POLL_MS = 10_000;
const PRUNE_INTERVAL_MS = 3_600_000;
const RETENTION_DAYS = 7;
const BATCH_MAX = 50;
const PRUNE_MAX = 1_000;

const PUBLISH = `
  WITH topic AS (
    INSERT INTO events.topics AS t (name, last_position) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET last_position = t.last_position + $2
    RETURNING last_position - $2 AS base
  ), added AS (
    INSERT INTO events.records (topic, position, event_id, type, subject, payload)
    SELECT $1, base + n, event_id, type, subject, payload
    FROM topic, unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[]) WITH ORDINALITY AS r (event_id, type, subject, payload, n)
  )
  SELECT pg_notify('${CHANNEL}', $1)`;

// Answers nothing, and writes nothing, when there is no work or when another consumer of the group is at it.
const CLAIM = `
  UPDATE events.consumer_groups AS g SET holder = $3, lease_until = now() + $4 * interval '1 ms'
  FROM events.topics AS t
  WHERE g.topic = $1 AND g.name = $2 AND t.name = g.topic AND g.position < t.last_position
    AND (g.holder = $3 OR g.lease_until < now())
  RETURNING g.position`;

const READ = `
  SELECT position, event_id, topic, type, subject, payload FROM events.records
  WHERE topic = $1 AND position > $2 ORDER BY position LIMIT ${BATCH_MAX}`;

const PASS = `
  UPDATE events.consumer_groups SET position = GREATEST(position, $4), lease_until = now() + $5 * interval '1 ms'
  WHERE topic = $1 AND name = $2 AND holder = $3`;

const RELEASE = `
  UPDATE events.consumer_groups SET holder = NULL, lease_until = '-infinity'
  WHERE topic = $1 AND name = $2 AND holder = $3`;

// Some at a time, since one statement has no time for many. Where the log was handed over to another one, that is no group.
const PRUNE = `
  DELETE FROM events.records WHERE (topic, position) IN (
    SELECT topic, position FROM events.records AS r WHERE publish_time < now() - interval '${RETENTION_DAYS} days'
      AND NOT EXISTS (SELECT FROM events.consumer_groups AS g
        WHERE g.topic = r.topic AND g.position < r.position AND g.name <> '${HANDOVER_GROUP}')
    LIMIT ${PRUNE_MAX})`;

interface Row {
  position: number;
  event_id: string;
  topic: string;
  type: string;
  subject: string;
  payload: Buffer;
}

function recordOf({ event_id, topic, type, subject, payload }: Row): EventRecord {
  return { eventId: event_id, topic, type, subject, payload };
}

/** One consumer of a group: takes the group's lease when there is work, and gives it back when that is done. */
function createConsumer(database: Database, topic: string, group: string, leaseMs: number, handle: RecordHandler) {
  const holder = randomUUID();
  const claim = async (): Promise<number | undefined> => {
    const { rows } = await database.query<{ position: number }>(CLAIM, [topic, group, holder, leaseMs]);
    return rows[0]?.position;
  };
  const pass = async (position: number) => {
    const { rowCount } = await database.query(PASS, [topic, group, holder, position, leaseMs]);
    if (rowCount === 0) throw new Error(`another consumer took over ${topic} for ${group}`);
  };
  const handleAfter = async (position: number, signal: AbortSignal) => {
    const { rows } = await database.query<Row>(READ, [topic, position]);
    for (const row of rows) {
      if (signal.aborted) return;
      await handle(recordOf(row), signal);
      await pass(row.position);
    }
  };
  return async (signal: AbortSignal) => {
    let position = await claim();
    if (position === undefined) return;
    // A handler may take longer than the lease lasts.
    const renewal = setInterval(() => void pass(0).catch(() => {}), leaseMs / 3);
    try {
      while (position !== undefined && !signal.aborted) {
        await handleAfter(position, signal);
        position = await claim();
      }
    } finally {
      clearInterval(renewal);
      // Where this fails, the lease ends by itself.
      await database.query(RELEASE, [topic, group, holder]).catch(() => {});
    }
  };
}

/** Opens the event log; its schema must have been migrated. */
export function createPostgresEventLog(options: PostgresEventLogOptions): PostgresEventLog {
  const { database, log, leaseMs = LEASE_MS, pollMs = POLL_MS } = options;
  const consumers: { topic: string; worker: Worker }[] = [];
  const prune = async () => {
    while ((await database.query(PRUNE)).rowCount === PRUNE_MAX);
  };
  const pruner = startWorker({ name: "event log retention", run: prune, pollMs: PRUNE_INTERVAL_MS, log });
  let unlisten: Promise<() => Promise<void>> | undefined;
  const listen = () => {
    unlisten ??= database.listen(CHANNEL, (topic) => {
      for (const it of consumers) if (topic === undefined || topic === it.topic) it.worker.wake();
    });
    return unlisten;
  };
  return {
    prune,
    async publish(records) {
      // Locked in the order of their names, so that two who publish never wait for each other.
      const topics = Map.groupBy(records, (it) => it.topic);
      const ordered = [...topics].sort(([a], [b]) => (a < b ? -1 : 1));
      await database.transaction(async (tx) => {
        for (const [topic, its] of ordered) {
          const columns = [
            its.map((it) => it.eventId),
            its.map((it) => it.type),
            its.map((it) => it.subject),
            its.map((it) => it.payload),
          ];
          await tx.query(PUBLISH, [topic, its.length, ...columns]);
        }
      });
    },
    async consume(topic, group, handle) {
      await listen();
      await database.query("INSERT INTO events.consumer_groups (topic, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
        topic,
        group,
      ]);
      const run = createConsumer(database, topic, group, leaseMs, handle);
      consumers.push({ topic, worker: startWorker({ name: `${group} on ${topic}`, run, pollMs, log }) });
    },
    async close() {
      await Promise.all([pruner.stop(), ...consumers.map((it) => it.worker.stop())]);
      await (await unlisten)?.();
    },
  };
}
