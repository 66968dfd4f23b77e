// A consumer in a process of its own, for tests that kill it: node consume.ts <brokers> <prefix> <topic> <group> <handle ms>
// It tells what it handled, line by line: "<subject> <number>".
import { setTimeout as sleep } from "node:timers/promises";
import { createKafkaEventLog } from "#kit/events/event-log.kafka.ts";
import { kafkaAt, QUICK } from "./kafka.ts";

const [brokers = "", prefix = "", topic = "", group = "", handleMs = "0"] = process.argv.slice(2);
const eventLog = createKafkaEventLog({ kafka: kafkaAt(brokers.split(","), prefix), times: QUICK });
await eventLog.consume(topic, group, async ({ subject, payload }) => {
  await sleep(Number(handleMs));
  process.stdout.write(`${subject} ${Buffer.from(payload).readUInt32BE()}\n`);
});
process.once("SIGTERM", () => void eventLog.close().then(() => process.exit(0)));
