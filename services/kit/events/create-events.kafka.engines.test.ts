import { scanTopic } from "../kafka/scan.ts";
import { testKafka } from "../testing/engines/shared.ts";
import { eventsContract } from "./create-events.contract.ts";
import { createKafkaDeadLetters } from "./dead-letters.kafka.ts";
import { createKafkaEventLog } from "./event-log.kafka.ts";
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
