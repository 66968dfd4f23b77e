import { once } from "node:events";
import { pino } from "pino";
import { expect, it, vi } from "vitest";
import { kafkaAt } from "../events/testing/kafka.ts";
import { testKafka } from "../testing/engines/shared.ts";
import { joinGroup } from "./group-member.ts";
import { createTopics } from "./topics.ts";

const TIMES = { heartbeatMs: 200, sessionMs: 3_000, rebalanceMs: 3_000 };
let refused = 0;

// The first commit is refused for good, while heartbeats go on being answered.
vi.mock("./commits.ts", async (importOriginal) => {
  const real = await importOriginal<typeof import("./commits.ts")>();
  return {
    ...real,
    createCommits(options: Parameters<typeof real.createCommits>[0]) {
      refused += 1;
      if (refused === 1) setTimeout(options.onLost, 100);
      return real.createCommits(options);
    },
  };
});

it("a member that lost its place without being told to join again leaves and comes anew", async () => {
  const { brokers, prefix } = await testKafka();
  const logged: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void logged.push(JSON.parse(line).msg) });
  const kafka = { ...kafkaAt(brokers, prefix), log };
  const topic = `${prefix}t`;
  await createTopics(kafka).ensure({ name: topic, partitions: 1, configs: {} });
  const places: number[] = [];
  const member = joinGroup({
    ...{ kafka, topic, groupId: `${prefix}g`, times: TIMES, prepare: async () => {} },
    async work({ membership, signal }) {
      places.push(membership.partitions.length);
      if (!signal.aborted) await once(signal, "abort");
    },
  });
  try {
    await vi.waitFor(() => expect(places).toEqual([1, 1]), { timeout: 40_000, interval: 100 });
    const lines = ["no place in a group of consumers; joining again", "a place in a group of consumers again"];
    await vi.waitFor(() => expect(logged).toEqual(lines), { timeout: 10_000, interval: 100 });
  } finally {
    await member.leave();
  }
}, 90_000);
