import { fileURLToPath } from "node:url";
import { type DescMessage, getOption, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import { topic as topicOption } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Metrics } from "../metrics.ts";
import { type Database, migrate } from "../postgres/database.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { createPostgresEventLog } from "./event-log.postgres.ts";
import type { EventLog, EventRecord } from "./event-log.ts";
import type { Events } from "./events.ts";
import { createOutbox } from "./outbox.ts";
import { createSubscription, type RetryPolicy, type Subscription } from "./subscription.ts";
import { startWorker } from "./worker.ts";

/** Events that are being relayed and handled, until they are closed. */
export interface RunningEvents extends Events {
  /** Stops the relay and all handlers, waiting for those that run. */
  close(): Promise<void>;
}

/** What events stand on; the times are there for tests. */
export interface EventsOptions {
  /** The workload's own, with the outbox. */
  readonly database: Database;
  readonly eventLog: EventLog;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly retry?: RetryPolicy;
  /** How often the outbox is looked at without being told, in milliseconds. */
  readonly pollMs?: number;
}

const EVENT_MAX_BYTES = 1024 * 1024;
const POLL_MS = 10_000;
/** Pauses of 0.1, 0.3, 0.9 and 2.7 seconds. */
const RETRY: RetryPolicy = { attemptsMax: 5, pauseMs: 100 };
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

function topicOf(schema: DescMessage): string {
  const topic = getOption(schema, topicOption);
  if (topic === "") throw new Error(`${schema.typeName} names no topic`);
  return topic;
}

function recordOf<T extends DescMessage>(schema: T, event: MessageShape<T>, subject: string): EventRecord {
  const { eventId } = event as { eventId?: unknown };
  if (typeof eventId !== "string" || !UUID.test(eventId))
    throw new Error(`event_id of a ${schema.typeName} must be a UUID`);
  const payload = toBinary(schema, event);
  if (payload.length > EVENT_MAX_BYTES)
    throw new Error(`A ${schema.typeName} has ${payload.length} bytes; ${EVENT_MAX_BYTES} are allowed`);
  return { eventId, topic: topicOf(schema), type: schema.typeName, subject, payload };
}

/** Joins a workload's outbox and an event log. Both must have been migrated. */
export async function createEvents(options: EventsOptions): Promise<RunningEvents> {
  const { database, eventLog, metrics, log, retry = RETRY, pollMs = POLL_MS } = options;
  const published = metrics.counter("events_published_total", "Events taken from the outbox to the event log");
  const endings = metrics.counter("events_handled_total", "Events by how they ended for a group", [
    "topic",
    "group",
    "ending",
  ]);
  const outbox = createOutbox(database);
  const deadLetters = createDeadLetters(database);
  const subscriptions = new Map<string, Subscription>();
  const replays: Promise<void>[] = [];
  const relay = startWorker({
    name: `relay of ${database.schema}`,
    async run(signal) {
      while (!signal.aborted) {
        const count = await outbox.publishBatch(eventLog);
        if (count === 0) return;
        published.inc(count);
      }
    },
    pollMs,
    log,
  });
  const unlisten = await database.listen(outbox.channel, () => relay.wake());
  // What was appended before the channel was listened on.
  relay.wake();
  return {
    async append(tx, schema, event, subject) {
      await outbox.append(tx, recordOf(schema, event, subject));
    },
    async subscribe(schema, group, handle) {
      const topic = topicOf(schema);
      const key = `${topic} ${group}`;
      if (subscriptions.has(key)) throw new Error(`${group} handles ${topic} already`);
      const subscription = createSubscription({
        schema,
        group,
        handle,
        setAside: (record, error, attempts) => deadLetters.add(group, record, error, attempts),
        onEnd: (ending) => endings.inc({ topic, group, ending }),
        retry,
        log,
      });
      subscriptions.set(key, subscription);
      await eventLog.consume(topic, group, subscription.deliver);
      // A start is when a mended handler comes: what the one before could not do is tried once more.
      replays.push(
        deadLetters.replay(topic, group, subscription.deliverOnce).then(
          ({ handled, failed }) => {
            if (handled + failed > 0) log.warn({ topic, group, handled, failed }, "dead letters were tried again");
          },
          (error: unknown) => log.warn({ err: error, topic, group }, "dead letters could not be tried again"),
        ),
      );
    },
    async replayDeadLetters(schema, group) {
      const topic = topicOf(schema);
      const subscription = subscriptions.get(`${topic} ${group}`);
      if (subscription === undefined) throw new Error(`${group} handles no ${topic} here`);
      return deadLetters.replay(topic, group, subscription.deliverOnce);
    },
    async close() {
      await Promise.all([relay.stop(), eventLog.close(), ...replays]);
      await unlisten();
    },
  };
}

const OUTBOX_MIGRATIONS = fileURLToPath(new URL("./migrations-outbox", import.meta.url));
const LOG_MIGRATIONS = fileURLToPath(new URL("./migrations-log", import.meta.url));

/** Brings a workload's outbox, and the event log of all, to their newest version. */
export async function migrateEvents({ url, schema, log }: { url: string; schema: string; log: Logger }): Promise<void> {
  await migrate({ url, schema, dir: OUTBOX_MIGRATIONS, table: "outbox_migrations", log });
  await migrate({ url, schema: "events", dir: LOG_MIGRATIONS, log });
}

/** Starts relaying and handling, with the event log in the same PostgreSQL. Both must have been migrated. */
export function startEvents(options: { database: Database; metrics: Metrics; log: Logger }): Promise<RunningEvents> {
  const { database, log } = options;
  return createEvents({ ...options, eventLog: createPostgresEventLog({ database, log }) });
}
