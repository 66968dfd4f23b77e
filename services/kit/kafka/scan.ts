import { ConnectionPool, Consumer } from "@platformatic/kafka";
import { readable } from "./errors.ts";
import { fetchRecords, type StoredRecord } from "./fetch.ts";
import { guardConnections, type Kafka } from "./kafka.ts";

/** Where a scan reads; only topics with one partition have one order. */
const PARTITION = 0;
const WAIT_MS = 200;
const OLDEST = -2n;

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
    let offset = (await consumer.listOffsets({ topics: [topic], timestamp: OLDEST })).get(topic)?.[PARTITION] ?? 0n;
    for (;;) {
      const metadata = await consumer.metadata({ topics: [topic] });
      const found = metadata.topics.get(topic);
      const broker = found?.partitions[PARTITION]?.leader ?? -1;
      const offsets = new Map([[PARTITION, offset]]);
      const request = { consumer, connections, broker, topicId: found?.id ?? "", offsets, waitMs: WAIT_MS };
      const [fetched] = await fetchRecords(request);
      // Compaction leaves gaps: that nothing comes, not how far it is to the end, says that this was all.
      if (fetched === undefined || fetched.nextOffset === offset) return;
      yield* fetched.records;
      offset = fetched.nextOffset;
      if (offset >= fetched.endOffset) return;
    }
  } catch (error) {
    throw readable(error);
  } finally {
    void Promise.resolve(connections.close()).catch(() => {});
    void Promise.resolve(consumer.close(true)).catch(() => {});
  }
}
