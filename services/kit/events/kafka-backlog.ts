import { Admin } from "@platformatic/kafka";
import { within } from "../kafka/errors.ts";
import { guardConnections, type Kafka } from "../kafka/kafka.ts";
import { DEAD_SUFFIX, findLetters } from "./dead-letters.kafka.ts";

/** What a group has before it. */
export interface GroupBacklog {
  readonly topic: string;
  readonly group: string;
  /** Events that it has not handled. */
  readonly lag: number;
  /** Events that it has set aside. */
  readonly deadLetters: number;
}

const LIMIT_MS = 30_000;
const NEWEST = -1n;
const OLDEST = -2n;

/** The offset of each partition; 0 is the first. */
async function offsetsOf(admin: Admin, name: string, partitions: number, timestamp: bigint): Promise<bigint[]> {
  const all = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp }));
  const [topic] = await admin.listOffsets({ topics: [{ name, partitions: all }] });
  const offsets: bigint[] = [];
  for (const { partitionIndex, offset } of topic?.partitions ?? []) offsets[partitionIndex] = offset;
  return offsets;
}

async function lagOf(admin: Admin, groupId: string, name: string, partitions: number): Promise<number> {
  const [newest, oldest] = await Promise.all([
    offsetsOf(admin, name, partitions, NEWEST),
    offsetsOf(admin, name, partitions, OLDEST),
  ]);
  const [told] = await admin.listConsumerGroupOffsets({ groups: [groupId] });
  const committed = new Map(
    told?.topics.find((it) => it.name === name)?.partitions.map((it) => [it.partitionIndex, it.committedOffset]),
  );
  let lag = 0n;
  for (let partition = 0; partition < partitions; partition++) {
    const [from = -1n, first = 0n, end = 0n] = [committed.get(partition), oldest[partition], newest[partition]];
    lag += end - (from > first ? from : first);
  }
  return Number(lag);
}

/**
 * How far the groups of some topics are behind, and what they have set aside; changes nothing. Empty where no topic was made.
 * @param topics without the prefix
 * @throws KafkaError
 */
export async function readKafkaBacklog(kafka: Kafka, topics: readonly string[]): Promise<GroupBacklog[]> {
  const { prefix } = kafka.settings;
  const admin = new Admin({ ...kafka.client });
  guardConnections(admin.connections);
  const read = async () => {
    const present = new Set(await admin.listTopics());
    const groupIds = [...(await admin.listGroups()).keys()].sort();
    const found: GroupBacklog[] = [];
    for (const topic of topics) {
      const name = `${prefix}${topic}`;
      if (!present.has(name)) continue;
      const metadata = await admin.metadata({ topics: [name] });
      const partitions = metadata.topics.get(name)?.partitionsCount ?? 0;
      // What replays dead letters is a group as well, of their topic.
      for (const id of groupIds.filter((it) => it.startsWith(`${name}.`) && !it.includes(DEAD_SUFFIX))) {
        const dead = `${id}${DEAD_SUFFIX}`;
        const deadLetters = present.has(dead) ? (await findLetters(kafka, dead)).size : 0;
        const lag = await lagOf(admin, id, name, partitions);
        found.push({ topic, group: id.slice(name.length + 1), lag, deadLetters });
      }
    }
    return found;
  };
  try {
    return await within(LIMIT_MS, "looking how far groups are", read());
  } finally {
    void Promise.resolve(admin.close()).catch(() => {});
  }
}
