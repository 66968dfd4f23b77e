import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { scanTopic } from "../kafka/scan.ts";
import { testKafka } from "../testing/engines/shared.ts";
import { eventually } from "../testing/eventually.ts";
import { eventsContract } from "./create-events.contract.ts";
import { createKafkaDeadLetters } from "./dead-letters.kafka.ts";
import { testRecord } from "./event-log.contract.ts";
import { createKafkaEventLog } from "./event-log.kafka.ts";
import { readKafkaBacklog } from "./kafka-backlog.ts";
import { headerOf } from "./kafka-record.ts";
import { kafkaAt, QUICK as times } from "./testing/kafka.ts";

eventsContract(async () => {
  const { brokers, prefix } = await testKafka();
  const open = () => kafkaAt(brokers, prefix);
  return {
    open: () => ({
      eventLog: createKafkaEventLog({ kafka: open(), times }),
      deadLetters: createKafkaDeadLetters({ kafka: open(), times }),
    }),
    async letters(group) {
      const letters = new Map<string, { subject: string; attempts: number; error: string }>();
      for await (const it of scanTopic(open(), `${prefix}user-events.${group}.dead`)) {
        const key = it.key?.toString() ?? "";
        letters.delete(key);
        if (it.value === null) continue;
        const text = (name: string) => headerOf(it, name) ?? "";
        letters.set(key, { subject: text("event-subject"), attempts: Number(text("attempts")), error: text("error") });
      }
      return [...letters.values()];
    },
  };
});

it("tells how far groups are behind, and what they have set aside", async () => {
  const { brokers, prefix } = await testKafka();
  const kafka = kafkaAt(brokers, prefix);
  const topics = ["orders", "nobody-wrote-here"];
  expect(await readKafkaBacklog(kafka, topics)).toEqual([]);
  const eventLog = createKafkaEventLog({ kafka, times });
  const deadLetters = createKafkaDeadLetters({ kafka, times });
  const records = Array.from({ length: 30 }, (_, n) => testRecord("orders", `subject-${n}`, n));
  await eventLog.publish(records);
  let handled = 0;
  await eventLog.consume("orders", "quick", async () => void handled++);
  await eventLog.consume("orders", "broken", () => Promise.reject(new Error("broken")));
  for (const it of records.slice(0, 3)) await deadLetters.add("broken", it, new Error("broken"), 5);
  // Set aside twice, since the consumer crashed before it could tell: one letter.
  await deadLetters.add("broken", records[0] ?? testRecord("orders", randomUUID(), 0), new Error("broken"), 5);
  await eventually(async () =>
    expect(await readKafkaBacklog(kafka, topics)).toEqual([
      { topic: "orders", group: "broken", lag: 30, deadLetters: 3 },
      { topic: "orders", group: "quick", lag: 0, deadLetters: 0 },
    ]),
  );
  expect(handled).toBe(30);
  await Promise.all([eventLog.close(), deadLetters.close()]);
});
