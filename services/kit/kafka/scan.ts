import { ConnectionPool, Consumer } from "@platformatic/kafka";
import { readable } from "./errors.ts";
import { fetchRecords, type StoredRecord } from "./fetch.ts";
import { guardConnections, type Kafka } from "./kafka.ts";

/** Where a scan reads; only topics with one partition have one order. */
const PARTITION = 0;
const WAIT_MS = 200;
const OLDEST = -2n;
const NEWEST = -1n;
/**
 * Empty answers in a row after which no more is expected, though the end is not reached: a new leader needs a moment, and
 * where all that is left was compacted away, nothing ever comes.
 */
const EMPTY_MAX = 15;

/**
 * Reads a topic of one partition from its oldest record to the newest there is.
 * @throws KafkaError
 */
export async function* scanTopic(kafka: Kafka, topic: string): AsyncGenerator<StoredRecord> {
  const consumer = new Consumer({ ...kafka.client, groupId: `${topic}.scan`, autocommit: false });
  const connections = new ConnectionPool(kafka.client.clientId, kafka.client);
  guardConnections(consumer.connections);
  guardConnections(connections);
  consumer.topics.track(topic);
  try {
    const offsetAt = async (timestamp: bigint) =>
      (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic)?.[PARTITION] ?? 0n;
    let offset = await offsetAt(OLDEST);
    const end = await offsetAt(NEWEST);
    for (let empty = 0; offset < end && empty < EMPTY_MAX; ) {
      const metadata = await consumer.metadata({ topics: [topic] });
      const found = metadata.topics.get(topic);
      const broker = found?.partitions[PARTITION]?.leader ?? -1;
      const offsets = new Map([[PARTITION, offset]]);
      const request = { consumer, connections, broker, topicId: found?.id ?? "", offsets, waitMs: WAIT_MS };
      const [fetched] = await fetchRecords(request);
      const isEmpty = fetched === undefined || fetched.nextOffset === offset;
      empty = isEmpty ? empty + 1 : 0;
      if (isEmpty) continue;
      yield* fetched.records;
      offset = fetched.nextOffset;
    }
  } catch (error) {
    throw readable(error);
  } finally {
    void Promise.resolve(connections.close()).catch(() => {});
    void Promise.resolve(consumer.close(true)).catch(() => {});
  }
}
