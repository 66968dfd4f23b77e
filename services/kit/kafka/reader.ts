import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionPool, Consumer } from "@platformatic/kafka";
import type { Logger } from "pino";
import { has, readable } from "./errors.ts";
import { type Fetched, fetchRecords } from "./fetch.ts";

/** What is read, and who takes it. */
export interface ReaderOptions {
  readonly consumer: Consumer;
  readonly connections: ConnectionPool;
  readonly topic: string;
  /** Where each partition begins. */
  readonly offsets: ReadonlyMap<number, bigint>;
  /** Whether there is room for more of a partition. */
  readonly wants: (partition: number) => boolean;
  readonly onFetched: (fetched: Fetched) => void;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Reads partitions until its signal says so. */
export interface Reader {
  /** There is room again. */
  kick(): void;
  readonly ended: Promise<void>;
}

const WAIT_MS = 500;
const PAUSE_MS = 1_000;

/** Reads partitions from where it is told, each as long as there is room for what it brings; errors are waited out. */
export function startReader(options: ReaderOptions): Reader {
  const { consumer, connections, topic, wants, onFetched, signal, log } = options;
  const offsets = new Map(options.offsets);
  const underWay = new Map<number, Promise<void>>();
  let wake = () => {};
  let failed = false;
  // Once for each time that it goes wrong.
  const tell = (error: unknown) => {
    log[failed ? "debug" : "warn"]({ err: readable(error), topic }, "events could not be read; trying again");
    failed = true;
  };
  signal.addEventListener("abort", () => wake(), { once: true });

  /** Retention took away what comes next, or somebody made the topic anew: goes on with the oldest that is left. */
  const beginAnew = async (partitions: readonly number[]) => {
    const oldest = (await consumer.listOffsets({ topics: [topic], timestamp: -2n })).get(topic) ?? [];
    const newest = (await consumer.listOffsets({ topics: [topic], timestamp: -1n })).get(topic) ?? [];
    for (const partition of partitions) {
      const [from = 0n, first = 0n, end = 0n] = [offsets.get(partition), oldest[partition], newest[partition]];
      if (from >= first && from <= end) continue;
      log.error(
        { topic, partition, from: `${from}`, first: `${first}` },
        "events that nobody handled are no longer kept; going on with the oldest",
      );
      offsets.set(partition, first);
    }
  };
  const fetchFrom = async (broker: number, topicId: string, partitions: readonly number[]) => {
    const wanted = new Map(partitions.map((it) => [it, offsets.get(it) ?? 0n]));
    try {
      const all = await fetchRecords({ consumer, connections, broker, topicId, offsets: wanted, waitMs: WAIT_MS });
      if (signal.aborted) return;
      failed = false;
      for (const it of all) {
        offsets.set(it.partition, it.nextOffset);
        onFetched(it);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (has(error, "apiId", "OFFSET_OUT_OF_RANGE")) return await beginAnew(partitions);
      throw error;
    }
  };
  const start = (broker: number, topicId: string, partitions: readonly number[]) => {
    const fetching = fetchFrom(broker, topicId, partitions)
      .catch(async (error: unknown) => {
        if (signal.aborted) return;
        tell(error);
        consumer.clearMetadata();
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
      })
      .finally(() => {
        underWay.delete(broker);
        wake();
      });
    underWay.set(broker, fetching);
  };
  const startWhereFree = async () => {
    const metadata = await consumer.metadata({ topics: [topic] });
    const found = metadata.topics.get(topic);
    if (found === undefined) return;
    const leaderOf = (partition: number) => found.partitions[partition]?.leader ?? -1;
    const byLeader = Map.groupBy([...offsets.keys()].filter(wants), leaderOf);
    for (const [leader, partitions] of byLeader)
      if (leader >= 0 && !underWay.has(leader)) start(leader, found.id, partitions);
  };
  const loop = async () => {
    while (!signal.aborted) {
      // Before it is looked what there is room for, lest a kick in between is lost.
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await startWhereFree().catch((error: unknown) => {
        if (!signal.aborted) tell(error);
      });
      if (signal.aborted) break;
      const timer = setTimeout(wake, PAUSE_MS);
      await woken;
      clearTimeout(timer);
    }
    await Promise.all(underWay.values());
  };
  return { kick: () => wake(), ended: loop() };
}
