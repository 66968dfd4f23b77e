import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type DescMessage, getOption, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import { topic as topicOption } from "#gen/shop/mesh/v1/policy_pb.js";
import { type BackoffPolicy, backoffMs } from "../client/backoff.ts";
import type { Metrics } from "../metrics.ts";
import type { Database } from "../postgres/database.ts";
import { migrate } from "../postgres/migrate.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { EventLog, EventRecord } from "./event-log.ts";
import type { Events } from "./events.ts";
import type { Handover } from "./handover.ts";
import { createOutbox } from "./outbox.ts";
import { startRelay } from "./relay.ts";
import { createSubscription, type RetryPolicy, type Subscription } from "./subscription.ts";

/** Events that are being relayed and handled, until they are closed. */
export interface RunningEvents extends Events {
  /** Stops the relay and all handlers, waiting for those that run. */
  close(): Promise<void>;
}

/** What events stand on; the times are there for tests. */
export interface EventsOptions {
  /** The workload's own, with the outbox; a workload without one publishes nothing. */
  readonly database: Database | undefined;
  readonly eventLog: EventLog;
  readonly deadLetters: DeadLetters;
  /** What the log that was there before still holds. */
  readonly handover?: Handover;
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
const REPLAY_PAUSE: BackoffPolicy = { baseMs: 1_000, factor: 2, maxMs: 30_000, jitter: 0.5 };
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

/** A start is when a mended handler comes: what the one before could not do is tried once more, as soon as it can be. */
async function replayAtStart(
  { deadLetters, log }: Pick<EventsOptions, "deadLetters" | "log">,
  { topic, group, subscription }: { topic: string; group: string; subscription: Subscription },
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      const { handled, failed } = await deadLetters.replay(topic, group, subscription.deliverOnce);
      if (handled + failed > 0) log.warn({ topic, group, handled, failed }, "dead letters were tried again");
      return;
    } catch (error) {
      if (signal.aborted) return;
      const level = failures === 1 ? "warn" : "debug";
      log[level]({ err: error, topic, group }, "dead letters could not be tried again yet");
      await sleep(backoffMs(REPLAY_PAUSE, failures), undefined, { signal }).catch(() => {});
    }
  }
}

/** Joins a workload's outbox and an event log. Both must have been migrated. */
export async function createEvents(options: EventsOptions): Promise<RunningEvents> {
  const { database, eventLog, deadLetters, handover, metrics, log, retry = RETRY, pollMs = POLL_MS } = options;
  const endings = metrics.counter("events_handled_total", "Events by how they ended for a group", [
    "topic",
    "group",
    "ending",
  ]);
  const outbox = database && createOutbox(database);
  const relay = outbox && (await startRelay({ database, outbox, eventLog, handover, metrics, log, pollMs }));
  const subscriptions = new Map<string, Subscription>();
  const stopping = new AbortController();
  const replays: Promise<void>[] = [];
  return {
    async append(tx, schema, event, subject) {
      if (outbox === undefined) throw new Error(`A ${schema.typeName} has no outbox to go to: events has no database`);
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
      replays.push(replayAtStart(options, { topic, group, subscription }, stopping.signal));
    },
    async replayDeadLetters(schema, group) {
      const topic = topicOf(schema);
      const subscription = subscriptions.get(`${topic} ${group}`);
      if (subscription === undefined) throw new Error(`${group} handles no ${topic} here`);
      return deadLetters.replay(topic, group, subscription.deliverOnce);
    },
    async close() {
      stopping.abort();
      await Promise.all([relay?.close(), eventLog.close(), deadLetters.close(), ...replays]);
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
