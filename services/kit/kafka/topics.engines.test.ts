import { setTimeout as sleep } from "node:timers/promises";
import { Admin, ConfigResourceTypes } from "@platformatic/kafka";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KafkaCluster, startKafka } from "../testing/engines/kafka.ts";
import { createKafka, type Kafka } from "./kafka.ts";
import { createPublisher } from "./publisher.ts";
import { scanTopic } from "./scan.ts";
import { readKafka } from "./settings.ts";
import { createTopics } from "./topics.ts";

let cluster: KafkaCluster;
let admin: Admin;
const warnings: Record<string, unknown>[] = [];

beforeAll(async () => {
  cluster = await startKafka({ brokers: 3 });
  admin = new Admin({ clientId: "test", bootstrapBrokers: [...cluster.brokers] });
});
afterAll(async () => {
  await admin.close();
  await cluster.close();
});

function open(env: Record<string, string> = {}): Kafka {
  const settings = readKafka({ KAFKA_BROKERS: cluster.brokers[0], ...env });
  if (settings === undefined) throw new Error("no brokers");
  const log = pino({ level: "warn" }, { write: (line: string) => void warnings.push(JSON.parse(line)) });
  return createKafka({ settings, name: "test", log });
}

const configs = { "retention.ms": "3600000", "cleanup.policy": "delete" };

async function configOf(topic: string, name: string): Promise<string | null | undefined> {
  const [found] = await admin.describeConfigs({
    resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: [name] }],
  });
  return found?.configs[0]?.value;
}

describe("a topic", () => {
  it("is made as stated, by many at once, and used by all", async () => {
    const plan = { name: "many", partitions: 4, configs };
    await Promise.all(Array.from({ length: 6 }, () => createTopics(open()).ensure(plan)));
    const topic = (await admin.metadata({ topics: ["many"] })).topics.get("many");
    expect(topic?.partitions.map((it) => it.replicas.length)).toEqual([3, 3, 3, 3]);
    expect(await configOf("many", "min.insync.replicas")).toBe("2");
    expect(await configOf("many", "retention.ms")).toBe("3600000");
    expect(warnings).toEqual([]);
  });

  it("has as many copies as one says", async () => {
    await createTopics(open({ KAFKA_REPLICATION: "1" })).ensure({ name: "once", partitions: 1, configs });
    expect((await admin.metadata({ topics: ["once"] })).topics.get("once")?.partitions[0]?.replicas.length).toBe(1);
    expect(await configOf("once", "min.insync.replicas")).toBe("1");
  });

  it("that is there with other settings is left alone, with a word in the log", async () => {
    const other = { name: "many", partitions: 8, configs: { ...configs, "retention.ms": "1000" } };
    await createTopics(open()).ensure(other);
    expect(warnings).toMatchObject([
      { topic: "many", partitions: 4, stated: 8 },
      { topic: "many", setting: "retention.ms", value: "3600000", stated: "1000" },
    ]);
    expect(await configOf("many", "retention.ms")).toBe("3600000");
  });
});

it("writes each message once and in order while the leader changes under it", async () => {
  const kafka = open({ KAFKA_BROKERS: cluster.brokers.join(",") });
  await createTopics(kafka).ensure({ name: "led", partitions: 1, configs });
  const publisher = createPublisher(kafka);
  const leader = (await admin.metadata({ topics: ["led"], forceUpdate: true })).topics.get("led")?.partitions[0]
    ?.leader;
  const member = cluster.members[(leader ?? 1) - 1];
  let killing: Promise<void> | undefined;
  let failures = 0;
  for (let n = 0; n < 200; n++) {
    if (n === 50) killing = member?.kill();
    const value = Buffer.from(`${n}`);
    for (;;) {
      try {
        await publisher.publish([{ topic: "led", key: Buffer.from("key"), value }]);
        break;
      } catch {
        failures += 1;
        await sleep(200);
      }
    }
  }
  await killing;
  const seen: string[] = [];
  for await (const { value } of scanTopic(kafka, "led")) seen.push(`${value}`);
  // The one whose answer the dead leader owed may be there twice where its sender had given up.
  expect([...new Set(seen)]).toEqual(Array.from({ length: 200 }, (_, n) => `${n}`));
  expect(seen.length).toBeLessThanOrEqual(200 + failures);
  await publisher.close();
});
