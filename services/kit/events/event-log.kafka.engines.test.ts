import { pino } from "pino";
import { beforeAll } from "vitest";
import { createKafka } from "../kafka/kafka.ts";
import { readKafka } from "../kafka/settings.ts";
import { testKafka } from "../testing/engines/shared.ts";
import { eventLogContract } from "./event-log.contract.ts";
import { createKafkaEventLog } from "./event-log.kafka.ts";

const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });
const times = { heartbeatMs: 200, sessionMs: 6_000, rebalanceMs: 10_000 };
let settings: NonNullable<ReturnType<typeof readKafka>>;

beforeAll(async () => {
  const { brokers, prefix } = await testKafka();
  settings = readKafka({ KAFKA_BROKERS: brokers.join(","), KAFKA_TOPIC_PREFIX: prefix }) ?? fail();
});

function fail(): never {
  throw new Error("no settings");
}

eventLogContract(async () => createKafkaEventLog({ kafka: createKafka({ settings, name: "test", log }), times }));
