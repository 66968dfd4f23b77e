import { compatibilityPartitioner, type MessageToProduce, Producer } from "@platformatic/kafka";
import { KafkaError, within } from "./errors.ts";
import { guardConnections, type Kafka } from "./kafka.ts";

/** A message on its way. */
export type OutgoingMessage = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

/** Writes messages to topics. */
export interface Publisher {
  /**
   * Writes messages in this order; those with one key go to one partition. Done when all in-sync replicas have them. When
   * it throws, some, all or none were written.
   * @throws KafkaError
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Waits for what is on its way, but not for long. */
  close(): Promise<void>;
}

/** One after another in one request, as far as they fit; below the 1 MiB that brokers take of a partition by default. */
const REQUEST_MAX_BYTES = 900_000;
/** Shorter than PostgreSQL leaves a transaction idle that waits for this. */
const PUBLISH_MAX_MS = 15_000;
const CLOSE_MAX_MS = 2_000;

function requestsOf(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const requests: OutgoingMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = message.value?.length ?? 0;
    if (bytes + size > REQUEST_MAX_BYTES) {
      requests.push([]);
      bytes = 0;
    }
    requests.at(-1)?.push(message);
    bytes += size;
  }
  return requests;
}

/**
 * A producer that is idempotent: what it sends again, because no answer came, is written once. Requests go one after
 * another, so that none overtakes one that is tried again.
 */
export function createPublisher(kafka: Kafka): Publisher {
  let producer: Producer | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  const open = () => {
    const opened = new Producer({
      ...kafka.client,
      idempotent: true,
      // As Java's clients choose, so that others who write by the same key meet the same partition.
      partitioner: compatibilityPartitioner,
    });
    guardConnections(opened.connections);
    return opened;
  };
  // Its sequence numbers may have parted from the broker's, and its connections may hang: the next one begins anew.
  const drop = () => {
    const dropped = producer;
    producer = undefined;
    if (dropped !== undefined) void Promise.resolve(dropped.close(true)).catch(() => {});
  };
  const send = async (messages: readonly OutgoingMessage[]) => {
    if (closed) throw new KafkaError("Kafka: nothing is published any more", false);
    producer ??= open();
    // Not the next one: what is given up must not go on behind the back of who tries again.
    const its = producer;
    for (const request of requestsOf(messages)) await its.send({ messages: request });
  };
  return {
    publish(messages) {
      const publishing = last.then(async () => {
        try {
          await within(PUBLISH_MAX_MS, "publishing", send(messages));
        } catch (error) {
          drop();
          throw error;
        }
      });
      last = publishing.catch(() => {});
      return publishing;
    },
    async close() {
      // What is on its way may still arrive; what waits behind it does not begin.
      closed = true;
      await within(CLOSE_MAX_MS, "publishing the last", last).catch(() => {});
      drop();
    },
  };
}
