import type { ConnectionPool, Consumer, KafkaRecord } from "@platformatic/kafka";

/** A record as it lies in a partition. */
export interface StoredRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  /** Null: a tombstone, which says that there is nothing more of this key. */
  readonly value: Buffer | null;
  readonly headers: KafkaRecord["headers"];
}

/** What one request brought of a partition. */
export interface Fetched {
  readonly partition: number;
  readonly records: readonly StoredRecord[];
  /** Where to go on. */
  readonly nextOffset: bigint;
  /** The offset behind the last record of the partition. */
  readonly endOffset: bigint;
}

/** What is asked of one broker. */
export interface FetchRequest {
  readonly consumer: Consumer;
  /** Connections of its own: a request waits for records, and what comes after it on a connection waits as well. */
  readonly connections: ConnectionPool;
  readonly broker: number;
  readonly topicId: string;
  /** Where to begin in each partition. */
  readonly offsets: ReadonlyMap<number, bigint>;
  /** How long the broker waits for the first record. */
  readonly waitMs: number;
}

const PARTITION_MAX_BYTES = 1024 * 1024;
const FETCH_MAX_BYTES = 4 * PARTITION_MAX_BYTES;
/** What transactions leave in a topic; records for the brokers alone. */
const CONTROL_BATCH = 0b10_0000;

type FetchedPartition = Awaited<ReturnType<Consumer["fetch"]>>["responses"][number]["partitions"][number];

function read({ partitionIndex: partition, records: batches, highWatermark }: FetchedPartition, from: bigint): Fetched {
  const records: StoredRecord[] = [];
  let nextOffset = from;
  for (const batch of batches ?? []) {
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if (end > nextOffset) nextOffset = end;
    if (batch.attributes & CONTROL_BATCH) continue;
    for (const { offsetDelta, key, value, headers } of batch.records) {
      const offset = batch.firstOffset + BigInt(offsetDelta);
      // A batch comes as a whole, also with records before the one that was asked for.
      if (offset >= from) records.push({ partition, offset, key, value, headers });
    }
  }
  return { partition, records, nextOffset, endOffset: highWatermark };
}

/** Reads what comes next in some partitions that one broker leads; of those with nothing new it may say nothing. */
export async function fetchRecords(request: FetchRequest): Promise<Fetched[]> {
  const { consumer, connections, broker, topicId, offsets, waitMs } = request;
  const partitions = [...offsets].map(([partition, fetchOffset]) => ({
    partition,
    fetchOffset,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    partitionMaxBytes: PARTITION_MAX_BYTES,
  }));
  const response = await consumer.fetch({
    node: broker,
    topics: [{ topicId, partitions }],
    minBytes: 1,
    maxBytes: FETCH_MAX_BYTES,
    maxWaitTime: waitMs,
    connectionPool: connections,
  });
  return response.responses.flatMap((topic) =>
    topic.partitions.flatMap((it) => {
      const from = offsets.get(it.partitionIndex);
      // A session of the broker's may tell of partitions that nobody asks for any more.
      return from === undefined ? [] : [read(it, from)];
    }),
  );
}
