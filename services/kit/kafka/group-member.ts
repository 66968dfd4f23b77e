import { setTimeout as sleep } from "node:timers/promises";
import { Consumer, type ConsumerGroupJoinPayload } from "@platformatic/kafka";
import { type BackoffPolicy, backoffMs } from "../client/backoff.ts";
import { type Commits, createCommits, type Membership } from "./commits.ts";
import { KafkaError, readable, within } from "./errors.ts";
import { guardConnections, type Kafka, tellEngine } from "./kafka.ts";

/** What a member may do while the group leaves it its partitions. */
export interface Assignment {
  readonly consumer: Consumer;
  readonly membership: Membership;
  readonly commits: Commits;
  /** Aborted when partitions may go to others: end what is under way; nobody else has them before this is over. */
  readonly signal: AbortSignal;
}

/** How often a member says that it lives, in milliseconds; others are there for tests. */
export interface GroupTimes {
  readonly heartbeatMs: number;
  /** A member that is silent for so long is taken for dead, and its partitions go to others. */
  readonly sessionMs: number;
  /** How long the group waits for a member to end what is under way, before it goes on without it. */
  readonly rebalanceMs: number;
}

/** A member of a group of consumers of one topic. */
export interface GroupMemberOptions {
  readonly kafka: Kafka;
  /** With the prefix. */
  readonly groupId: string;
  /** With the prefix. */
  readonly topic: string;
  /** What must be done before each attempt to join: the topic must be there. */
  readonly prepare: () => Promise<void>;
  /** Works on its partitions until the signal says so; when it throws before, it is tried again after a pause. */
  readonly work: (assignment: Assignment) => Promise<void>;
  readonly times?: GroupTimes;
}

/** Belongs to its group until it leaves. */
export interface GroupMember {
  /** Ends the work, tells how far it came, and leaves its partitions to others; waits at most 10 seconds for that. */
  leave(): Promise<void>;
}

const TIMES: GroupTimes = { heartbeatMs: 2_000, sessionMs: 15_000, rebalanceMs: 25_000 };
/** A request to join is answered when all members have come, or their time to do so is over. */
const JOIN_MARGIN_MS = 5_000;
const FLUSH_MAX_MS = 3_000;
const LEAVE_MAX_MS = 3_000;
const STOP_MAX_MS = 10_000;
const PAUSE: BackoffPolicy = { baseMs: 300, factor: 2, maxMs: 4_000, jitter: 0.5 };
const NO_DATA = Buffer.alloc(0);

/** One time of belonging to the group; ends when it breaks. */
function createSession(options: GroupMemberOptions, stopped: Promise<void>, onPlace: () => void) {
  const { kafka, groupId, topic, work, times = TIMES } = options;
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  let waiting: NodeJS.Timeout | undefined;
  let current: { readonly over: AbortController; readonly ended: Promise<void> } | undefined;

  // A commit was refused: this place is lost. The driver should hear so from a heartbeat, too, and join again.
  const awaitNextPlace = () => {
    clearTimeout(waiting);
    const lost = new KafkaError("Kafka: a place in the group was lost, and no other one was given", true);
    waiting = setTimeout(() => broken.reject(lost), times.rebalanceMs + JOIN_MARGIN_MS).unref();
  };
  const endWork = async () => {
    current?.over.abort();
    await current?.ended;
  };
  const consumer = new Consumer({
    ...kafka.client,
    groupId,
    autocommit: false,
    heartbeatInterval: times.heartbeatMs,
    sessionTimeout: times.sessionMs,
    rebalanceTimeout: times.rebalanceMs,
    // Before the group takes this member for dead and gives its partitions to others.
    heartbeatStallTimeout: (times.sessionMs * 2) / 3,
    requestTimeout: times.rebalanceMs + JOIN_MARGIN_MS,
    // The driver asks for this before each request to join, and others get partitions only after that: so nobody begins
    // on a partition before who had it has ended.
    protocolsMetadata: () => endWork().then(() => NO_DATA),
  });
  guardConnections(consumer.connections);

  const run = async ({ memberId, generationId = 0, assignments = [] }: ConsumerGroupJoinPayload) => {
    const partitions = assignments.find((it) => it.topic === topic)?.partitions ?? [];
    const membership = { groupId, memberId, generation: generationId, topic, partitions };
    const over = new AbortController();
    clearTimeout(waiting);
    const onLost = () => {
      over.abort();
      if (current?.over === over) awaitNextPlace();
    };
    const commits = createCommits({ consumer, membership, onLost, log: kafka.log });
    kafka.log.debug({ group: groupId, generation: generationId, partitions }, "a group was shared out");
    const ended = work({ consumer, membership, commits, signal: over.signal })
      .finally(() => within(FLUSH_MAX_MS, "committing", commits.flush()).catch(() => {}))
      .catch((error: unknown) => {
        if (!over.signal.aborted) broken.reject(error);
      });
    current = { over, ended };
  };
  consumer.on("error", (error) => broken.reject(error));
  consumer.on("consumer:heartbeat:stalled", ({ lastError }) =>
    broken.reject(lastError ?? new KafkaError("Kafka: no heartbeat was answered", true)),
  );
  consumer.on("consumer:group:join", (payload) => {
    tellEngine(kafka);
    onPlace();
    void run(payload);
  });
  // What it subscribes to, without a stream of the driver's.
  consumer.topics.track(topic);

  return {
    async run() {
      const joining = consumer.joinGroup();
      joining.catch(() => {});
      await Promise.race([joining, broken.promise, stopped]);
      await Promise.race([broken.promise, stopped]);
    },
    async end() {
      await endWork();
      clearTimeout(waiting);
      await within(LEAVE_MAX_MS, "leaving a group", consumer.close(true)).catch(() => {
        void Promise.resolve(consumer.connections.close()).catch(() => {});
      });
    },
  };
}

/** Joins a group, now or as soon as Kafka is there, and does so again whenever it falls out. */
export function joinGroup(options: GroupMemberOptions): GroupMember {
  const { kafka, groupId, times = TIMES } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  let missed = false;
  let lasting: NodeJS.Timeout | undefined;
  const tellPlace = () => {
    if (missed) kafka.log.warn({ group: groupId }, "a place in a group of consumers again");
    missed = false;
  };
  // Whoever read that there was no place reads that there is one, once it lasts: one that is lost at once is none.
  const onPlace = () => {
    clearTimeout(lasting);
    lasting = setTimeout(tellPlace, times.sessionMs).unref();
  };
  const belong = async () => {
    await options.prepare();
    if (signal.aborted) return;
    const session = createSession(options, stopped, onPlace);
    try {
      await session.run();
    } finally {
      clearTimeout(lasting);
      await session.end();
    }
  };
  const loop = async () => {
    for (let failures = 0; !signal.aborted; ) {
      const startMs = performance.now();
      try {
        await belong();
      } catch (error) {
        if (signal.aborted) return;
        // It belonged for a while: this is another trouble than the one before.
        if (performance.now() - startMs > times.sessionMs) failures = 0;
        failures += 1;
        const level = missed ? "debug" : "warn";
        missed = true;
        tellEngine(kafka, readable(error));
        kafka.log[level]({ err: readable(error), group: groupId }, "no place in a group of consumers; joining again");
        await sleep(backoffMs(PAUSE, failures), undefined, { signal }).catch(() => {});
      }
    }
  };
  const ended = loop();
  return {
    async leave() {
      stopping.abort();
      await within(STOP_MAX_MS, "leaving a group", ended).catch(() => {});
    },
  };
}
