import { Admin, ConfigResourceTypes } from "@platformatic/kafka";
import { has, within } from "./errors.ts";
import { guardConnections, type Kafka } from "./kafka.ts";

/** A topic as it shall be. */
export interface TopicPlan {
  /** With the prefix. */
  readonly name: string;
  readonly partitions: number;
  /** Kafka's own settings: "retention.ms". */
  readonly configs: Readonly<Record<string, string>>;
}

const REPLICATION = 3;
const LIMIT_MS = 15_000;
const BUDGET_MS = LIMIT_MS + 1_000;
const LEADERS_MAX_MS = 5_000;
const LEADERS_PAUSE_MS = 50;

/** The brokers that must have a record before it counts as published: all but one, so that one may be away. */
const inSyncMin = (replication: number) => Math.max(1, replication - 1);

/** Partitions that have a leader; undefined: there is no such topic. */
async function partitionsOf(admin: Admin, name: string): Promise<number | undefined> {
  try {
    const metadata = await admin.metadata({ topics: [name], forceUpdate: true, retries: 0 });
    return metadata.topics.get(name)?.partitions.filter((it) => it.leader >= 0).length;
  } catch (error) {
    // The driver says it in words alone.
    if ((error as Error).message.startsWith("Unknown topic")) return undefined;
    throw error;
  }
}

async function replicationOf(admin: Admin, { settings }: Kafka): Promise<number> {
  if (settings.replication !== undefined) return settings.replication;
  const { brokers } = await admin.metadata({ topics: [] });
  // Those that are away for the moment count: a topic keeps the number of copies that it is made with.
  return Math.min(REPLICATION, Math.max(brokers.size, settings.brokers.length));
}

/** Makes a topic. That another replica does so at the same moment is as good. */
async function make(admin: Admin, kafka: Kafka, plan: TopicPlan): Promise<void> {
  const replicas = await replicationOf(admin, kafka);
  const configs = Object.entries({ ...plan.configs, "min.insync.replicas": `${inSyncMin(replicas)}` });
  try {
    await admin.createTopics({
      topics: [plan.name],
      partitions: plan.partitions,
      replicas,
      configs: configs.map(([name, value]) => ({ name, value })),
    });
    kafka.log.info({ topic: plan.name, partitions: plan.partitions, replicas }, "a topic was made");
  } catch (error) {
    if (!has(error, "apiId", "TOPIC_ALREADY_EXISTS")) throw error;
  }
}

/** Says what is not as it would have been made; it may be meant so. */
async function compare(admin: Admin, { log }: Kafka, plan: TopicPlan, partitions: number): Promise<void> {
  if (partitions !== plan.partitions)
    log.warn({ topic: plan.name, partitions, stated: plan.partitions }, "a topic has another number of partitions");
  const [description] = await admin.describeConfigs({
    resources: [
      {
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName: plan.name,
        configurationKeys: Object.keys(plan.configs),
      },
    ],
  });
  for (const { name, value } of description?.configs ?? []) {
    const stated = plan.configs[name];
    if (stated !== undefined && value !== stated)
      log.warn({ topic: plan.name, setting: name, value, stated }, "a topic has another setting");
  }
}

async function awaitLeaders(admin: Admin, name: string): Promise<void> {
  const untilMs = performance.now() + LEADERS_MAX_MS;
  while (!(await partitionsOf(admin, name)) && performance.now() < untilMs)
    await new Promise((resolve) => setTimeout(resolve, LEADERS_PAUSE_MS));
}

/**
 * Makes a topic where there is none; any number of processes may do so at once. One that is there is left as it is, and
 * the log says where it is not as stated.
 * @throws KafkaError
 */
async function ensureTopic(kafka: Kafka, plan: TopicPlan): Promise<void> {
  const admin = new Admin({ ...kafka.client });
  guardConnections(admin.connections);
  const ensure = async () => {
    const partitions = await partitionsOf(admin, plan.name);
    if (partitions === undefined) {
      await make(admin, kafka, plan);
      await awaitLeaders(admin, plan.name);
      return;
    }
    // Who may not look at settings may still use the topic.
    await compare(admin, kafka, plan, partitions).catch((error: unknown) =>
      kafka.log.debug({ err: error, topic: plan.name }, "a topic's settings could not be read"),
    );
  };
  try {
    await within(LIMIT_MS, `looking for the topic ${plan.name}`, ensure());
  } finally {
    void Promise.resolve(admin.close()).catch(() => {});
  }
}

/** Looks once whether topics are there, and makes those that are not. */
export function createTopics(kafka: Kafka): { ensure(plan: TopicPlan): Promise<void> } {
  const ensured = new Map<string, Promise<void>>();
  return {
    ensure(plan) {
      let ensuring = ensured.get(plan.name);
      if (ensuring === undefined) {
        ensuring = kafka.engine.run(() => ensureTopic(kafka, plan), { budgetMs: BUDGET_MS });
        ensured.set(plan.name, ensuring);
        ensuring.catch(() => ensured.delete(plan.name));
      }
      return ensuring;
    },
  };
}
