import { setTimeout as sleep } from "node:timers/promises";
import { ConnectionPool } from "@platformatic/kafka";
import { type BackoffPolicy, backoffMs } from "../client/backoff.ts";
import { startOffsets } from "../kafka/commits.ts";
import type { StoredRecord } from "../kafka/fetch.ts";
import { type Assignment, type GroupMember, type GroupTimes, joinGroup } from "../kafka/group-member.ts";
import { guardConnections, type Kafka } from "../kafka/kafka.ts";
import { createPublisher } from "../kafka/publisher.ts";
import { startReader } from "../kafka/reader.ts";
import { createRecordQueue, type RecordQueue } from "../kafka/record-queue.ts";
import { createTopics, type TopicPlan } from "../kafka/topics.ts";
import type { Metrics } from "../metrics.ts";
import type { EventLog, RecordHandler } from "./event-log.ts";
import { eventOf, messageOf } from "./kafka-record.ts";
import { createLags, type Lag } from "./lag.ts";

/** What it stands on; the times are there for tests. */
export interface KafkaEventLogOptions {
  readonly kafka: Kafka;
  /** Where it is told how far handling is behind, if anywhere. */
  readonly metrics?: Pick<Metrics, "registry">;
  readonly times?: GroupTimes;
}

const DAY_MS = 24 * 60 * 60_000;
/** An event has 1 MiB at most; the rest is for its key, its headers and what Kafka puts around them. */
const RECORD_MAX_BYTES = 2 * 1024 * 1024;
const PUBLISH_BUDGET_MS = 20_000;
const PAUSE: BackoffPolicy = { baseMs: 200, factor: 2, maxMs: 10_000, jitter: 0.3 };

/** The topic of events as it is made. */
function planOf({ settings }: Kafka, topic: string): TopicPlan {
  return {
    name: `${settings.prefix}${topic}`,
    partitions: settings.partitions,
    configs: {
      "cleanup.policy": "delete",
      "retention.ms": `${settings.retentionDays * DAY_MS}`,
      "max.message.bytes": `${RECORD_MAX_BYTES}`,
    },
  };
}

/** Hands the records of one partition to a handler, one at a time; one that it throws at comes again, before all others. */
async function handlePartition(
  queue: RecordQueue,
  signal: AbortSignal,
  handle: (record: StoredRecord) => Promise<void>,
  onHandled: (record: StoredRecord) => void,
): Promise<void> {
  for (let failures = 0; ; failures = 0) {
    const record = await queue.next();
    if (record === undefined) return;
    for (;;) {
      try {
        await handle(record);
        onHandled(record);
        break;
      } catch {
        if (signal.aborted) return;
        failures += 1;
        await sleep(backoffMs(PAUSE, failures), undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
      }
    }
  }
}

/** Works on what a group shared out to this member: all partitions at once, each in its order. */
function createWork(kafka: Kafka, topic: string, handle: RecordHandler, lag: Lag) {
  const { log } = kafka;
  return async ({ consumer, membership, commits, signal }: Assignment): Promise<void> => {
    const handleRecord = async (record: StoredRecord) => {
      const event = eventOf(record, topic);
      const { partition, offset } = record;
      if (event !== undefined) return handle(event, signal);
      log.warn({ topic, partition, offset: `${offset}` }, "a record that is no event is passed over");
    };
    const offsets = await startOffsets(consumer, membership);
    for (const [partition, offset] of offsets) lag.handled(partition, offset);
    const queues = new Map(membership.partitions.map((it) => [it, createRecordQueue(signal)]));
    const connections = new ConnectionPool(kafka.client.clientId, kafka.client);
    guardConnections(connections);
    const reader = startReader({
      consumer,
      connections,
      topic: membership.topic,
      offsets,
      wants: (partition) => queues.get(partition)?.hasRoom === true,
      onFetched({ partition, records, endOffset }) {
        queues.get(partition)?.push(records);
        lag.end(partition, endOffset);
      },
      signal,
      log,
    });
    // What waits for records now is not waited for: its connections go.
    const hangUp = () => void Promise.resolve(connections.close()).catch(() => {});
    signal.addEventListener("abort", hangUp, { once: true });
    if (signal.aborted) hangUp();
    const onHandled = ({ partition, offset }: StoredRecord) => {
      commits.handled(partition, offset + 1n);
      lag.handled(partition, offset + 1n);
      reader.kick();
    };
    const handlers = [...queues.values()].map((queue) => handlePartition(queue, signal, handleRecord, onHandled));
    await Promise.all([...handlers, reader.ended]).finally(() => lag.clear());
  };
}

/** An event log in Kafka; made at once, and connected as soon as Kafka is there. */
export function createKafkaEventLog({ kafka, metrics, times }: KafkaEventLogOptions): EventLog {
  const lagOf = createLags(metrics);
  const topics = createTopics(kafka);
  const ensure = (topic: string) => topics.ensure(planOf(kafka, topic));
  const publisher = createPublisher(kafka);
  const members: GroupMember[] = [];
  const { prefix } = kafka.settings;
  return {
    async publish(records) {
      for (const topic of new Set(records.map((it) => it.topic))) await ensure(topic);
      const messages = records.map((it) => messageOf(it, `${prefix}${it.topic}`));
      await kafka.engine.run(() => publisher.publish(messages), { budgetMs: PUBLISH_BUDGET_MS });
    },
    async consume(topic, group, handle) {
      const member = joinGroup({
        kafka,
        // One group of Kafka's for each topic, since all its members must want the same.
        groupId: `${prefix}${topic}.${group}`,
        topic: `${prefix}${topic}`,
        prepare: () => ensure(topic),
        work: createWork(kafka, topic, handle, lagOf(topic, group)),
        ...(times && { times }),
      });
      members.push(member);
    },
    async close() {
      await Promise.all([publisher.close(), ...members.map((it) => it.leave())]);
    },
  };
}
