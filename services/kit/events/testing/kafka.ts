import { pino } from "pino";
import type { GroupTimes } from "#kit/kafka/group-member.ts";
import { createKafka, type Kafka } from "#kit/kafka/kafka.ts";
import { readKafka } from "#kit/kafka/settings.ts";

/** A group notices changes as fast as a test wants it to. */
export const QUICK: GroupTimes = { heartbeatMs: 200, sessionMs: 6_000, rebalanceMs: 10_000 };

/** A workload's Kafka, as it would be from its environment. */
export function kafkaAt(brokers: readonly string[], prefix: string, env: Record<string, string> = {}): Kafka {
  const settings = readKafka({ KAFKA_BROKERS: brokers.join(","), KAFKA_TOPIC_PREFIX: prefix, ...env });
  if (settings === undefined) throw new Error("no brokers");
  return createKafka({ settings, name: "test", log: pino({ level: process.env.LOG_LEVEL ?? "silent" }) });
}
