import { beforeAll } from "vitest";
import { testKafka } from "../testing/engines/shared.ts";
import { eventLogContract } from "./event-log.contract.ts";
import { createKafkaEventLog } from "./event-log.kafka.ts";
import { kafkaAt, QUICK as times } from "./testing/kafka.ts";

let place: Awaited<ReturnType<typeof testKafka>>;

beforeAll(async () => {
  place = await testKafka();
});

eventLogContract(async () => createKafkaEventLog({ kafka: kafkaAt(place.brokers, place.prefix), times }));
