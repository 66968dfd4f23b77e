import { type Consumer, offsetCommitV8 } from "@platformatic/kafka";
import type { Logger } from "pino";
import { has, readable, within } from "./errors.ts";

/** A consumer's place in its group, for as long as the group does not share out anew. */
export interface Membership {
  readonly groupId: string;
  readonly memberId: string;
  readonly generation: number;
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** Tells the group how far its partitions are handled. */
export interface Commits {
  /** All records of a partition before this offset are handled; told soon, together with others. */
  handled(partition: number, nextOffset: bigint): void;
  /** Tells all that is left to tell, once. */
  flush(): Promise<void>;
}

const COMMIT_MAX_MS = 5_000;
const RETRY_MS = 500;

/** Offsets at which a group goes on, for some partitions: what it told, or the oldest where it never told any. */
export async function startOffsets(
  consumer: Consumer,
  { topic, partitions }: Pick<Membership, "topic" | "partitions">,
): Promise<Map<number, bigint>> {
  if (partitions.length === 0) return new Map();
  const told = (await consumer.listCommittedOffsets({ topics: [{ topic, partitions: [...partitions] }] })).get(topic);
  const oldest = (
    await consumer.listOffsets({ topics: [topic], partitions: { [topic]: [...partitions] }, timestamp: -2n })
  ).get(topic);
  return new Map(
    partitions.map((it) => {
      const offset = told?.[it] ?? -1n;
      return [it, offset >= 0n ? offset : (oldest?.[it] ?? 0n)];
    }),
  );
}

/**
 * Commits in the name of one membership and no other. The driver's own `commit` joins the group anew when it is refused,
 * and then commits in the name of the new membership, which may have lost the partition to somebody who is further on.
 */
async function commitAs(consumer: Consumer, membership: Membership, offsets: ReadonlyMap<number, bigint>) {
  const { groupId, generation, memberId, topic } = membership;
  const coordinator = await consumer.findGroupCoordinator();
  const { brokers } = await consumer.metadata({ topics: [topic] });
  const broker = brokers.get(coordinator);
  if (broker === undefined) throw new Error(`the coordinator of ${groupId} is not there`);
  const connection = await consumer.connections.get(broker);
  const partitions = [...offsets].map(([partitionIndex, committedOffset]) => ({
    partitionIndex,
    committedOffset,
    committedLeaderEpoch: -1,
    committedMetadata: null,
  }));
  await offsetCommitV8.api.async(connection, groupId, generation, memberId, null, [{ name: topic, partitions }]);
}

/**
 * The commits of one membership. They go one after another, each with all that came together meanwhile.
 * @param onLost called once when the group says that this membership is over
 */
export function createCommits(options: {
  readonly consumer: Consumer;
  readonly membership: Membership;
  readonly onLost: () => void;
  readonly log: Logger;
}): Commits {
  const { consumer, membership, onLost, log } = options;
  let waiting = new Map<number, bigint>();
  let committing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lost = false;

  const commitOnce = async () => {
    const offsets = waiting;
    waiting = new Map();
    try {
      await within(COMMIT_MAX_MS, "committing", commitAs(consumer, membership, offsets));
    } catch (error) {
      waiting = new Map([...offsets, ...waiting]);
      throw error;
    }
  };
  const commitAll = async () => {
    try {
      while (waiting.size > 0 && !lost) await commitOnce();
    } catch (error) {
      lost = has(error, "needsRejoin", true);
      log.debug({ err: readable(error), group: membership.groupId, lost }, "handled events could not be committed");
      if (lost) onLost();
      throw error;
    }
  };
  const start = () => {
    clearTimeout(timer);
    committing ??= commitAll().finally(() => {
      committing = undefined;
    });
    return committing;
  };
  const startOrRetry = () => {
    start().catch(() => {
      clearTimeout(timer);
      if (!lost) timer = setTimeout(startOrRetry, RETRY_MS);
    });
  };
  return {
    handled(partition, nextOffset) {
      waiting.set(partition, nextOffset);
      startOrRetry();
    },
    async flush() {
      await committing?.catch(() => {});
      clearTimeout(timer);
      if (waiting.size > 0 && !lost) await start();
      clearTimeout(timer);
    },
  };
}
