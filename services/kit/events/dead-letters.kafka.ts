import { once } from "node:events";
import type { StoredRecord } from "../kafka/fetch.ts";
import { type Assignment, type GroupTimes, joinGroup } from "../kafka/group-member.ts";
import type { Kafka } from "../kafka/kafka.ts";
import { createPublisher } from "../kafka/publisher.ts";
import { scanTopic } from "../kafka/scan.ts";
import { createTopics } from "../kafka/topics.ts";
import { type DeadLetters, textOf } from "./dead-letters.ts";
import type { EventRecord } from "./event-log.ts";
import type { Replayed } from "./events.ts";
import { eventOf, headerOf, headersOf, messageOf } from "./kafka-record.ts";

/** What it stands on; the times are there for tests. */
export interface KafkaDeadLettersOptions {
  readonly kafka: Kafka;
  readonly times?: GroupTimes;
}

/** What a replay has come to. */
interface Total {
  handled: number;
  readonly failedSubjects: Set<string>;
}

type Handle = (record: EventRecord) => Promise<void>;

/** What the names of topics of dead letters end with. */
export const DEAD_SUFFIX = ".dead";
const SUBJECT = "event-subject";
const MAX_BYTES = 2 * 1024 * 1024;
const PUBLISH_BUDGET_MS = 20_000;
/** A letter stays until there is a tombstone with its key. */
const CONFIGS = { "cleanup.policy": "compact", "max.message.bytes": `${MAX_BYTES}` };

/** Offsets of the letters that are left: the last of each event, unless that one says that it was handled. */
export async function findLetters(kafka: Kafka, name: string): Promise<Set<bigint>> {
  const last = new Map<string, bigint>();
  for await (const { key, value, offset } of scanTopic(kafka, name)) {
    const eventId = key?.toString() ?? "";
    if (value === null) last.delete(eventId);
    else last.set(eventId, offset);
  }
  return new Set(last.values());
}

function letterOf(record: StoredRecord, topic: string): EventRecord | undefined {
  const letter = eventOf(record, topic);
  return letter && { ...letter, subject: headerOf(record, SUBJECT) ?? "" };
}

/** Works while this process has a topic's only partition, as nobody else has then; until it says that all is done. */
async function runAlone(
  options: KafkaDeadLettersOptions,
  name: string,
  closed: Promise<never>,
  work: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  const done = Promise.withResolvers<void>();
  const member = joinGroup({
    ...options,
    groupId: `${name}.replay`,
    topic: name,
    prepare: async () => {},
    async work({ membership, signal }: Assignment) {
      if (membership.partitions.length > 0 && (await work(signal))) done.resolve();
      if (!signal.aborted) await once(signal, "abort");
    },
  });
  try {
    await Promise.race([done.promise, closed]);
  } finally {
    await member.leave();
  }
}

/**
 * Dead letters in topics of Kafka's, `<topic>.<group>.dead`: one partition, so that they keep the order in which they were
 * set aside; the key is the event's id, and a tombstone says that it was handled. Headers tell the error and the attempts.
 */
export function createKafkaDeadLetters(options: KafkaDeadLettersOptions): DeadLetters {
  const { kafka } = options;
  const topics = createTopics(kafka);
  const publisher = createPublisher(kafka);
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});

  const topicOf = async (topic: string, group: string): Promise<string> => {
    const name = `${kafka.settings.prefix}${topic}.${group}${DEAD_SUFFIX}`;
    await topics.ensure({ name, partitions: 1, configs: CONFIGS });
    return name;
  };
  const publish = (message: Parameters<typeof publisher.publish>[0][number]) =>
    kafka.engine.run(() => publisher.publish([message]), { budgetMs: PUBLISH_BUDGET_MS });

  /** Handles one letter after the other; false when the signal came before it was through. */
  const replayAll = async (name: string, topic: string, handle: Handle, total: Total, signal: AbortSignal) => {
    const left = await findLetters(kafka, name);
    for await (const record of scanTopic(kafka, name)) {
      if (signal.aborted) return false;
      const letter = left.has(record.offset) ? letterOf(record, topic) : undefined;
      if (letter === undefined || total.failedSubjects.has(letter.subject)) continue;
      try {
        await handle(letter);
      } catch {
        total.failedSubjects.add(letter.subject);
        continue;
      }
      await publish({ topic: name, key: Buffer.from(letter.eventId) });
      total.handled += 1;
    }
    return true;
  };
  return {
    async add(group, record, error, attempts) {
      const name = await topicOf(record.topic, group);
      const message = messageOf(record, name);
      const headers = headersOf({
        [SUBJECT]: record.subject,
        error: textOf(error),
        attempts: `${attempts}`,
        "set-aside-time": new Date().toISOString(),
      });
      const key = Buffer.from(record.eventId);
      await publish({ ...message, key, headers: new Map([...(message.headers as typeof headers), ...headers]) });
    },
    async replay(topic, group, handle): Promise<Replayed> {
      const name = await topicOf(topic, group);
      const total: Total = { handled: 0, failedSubjects: new Set() };
      if ((await findLetters(kafka, name)).size > 0)
        await runAlone(options, name, closed.promise, (signal) => replayAll(name, topic, handle, total, signal));
      return { handled: total.handled, failed: total.failedSubjects.size };
    },
    async close() {
      closed.reject(new Error("the dead letters are closed"));
      await publisher.close();
    },
  };
}
