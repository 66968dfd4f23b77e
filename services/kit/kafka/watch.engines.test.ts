import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, expect, it, vi } from "vitest";
import { startEvents } from "../events/start-events.ts";
import { kafkaAt } from "../events/testing/kafka.ts";
import { createMetrics } from "../metrics.ts";
import { type KafkaCluster, startKafka } from "../testing/engines/kafka.ts";

/** "Some ten seconds", and what a busy machine adds. */
const KNOWN_MAX_MS = 13_000;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(brokers: 1 | 3): Promise<KafkaCluster> {
  const cluster = await startKafka({ brokers });
  closers.push(() => cluster.close());
  return cluster;
}

/** A workload that neither publishes nor listens, as the log and `awayReason` show its Kafka. */
async function watchAt(brokers: readonly string[]) {
  const kafka = kafkaAt(brokers, "");
  const events = await startEvents({ kafka, metrics: createMetrics("test"), log: pino({ level: "silent" }) });
  closers.push(() => events.close());
  return kafka.engine;
}

const within = (limitMs: number, check: () => void) => vi.waitFor(check, { timeout: limitMs, interval: 50 });

it.each<[string, (it: KafkaCluster) => Promise<void>, (it: KafkaCluster) => Promise<void>, RegExp]>([
  ["killed", (it) => it.kill(), (it) => it.restart(), /ECONNREFUSED/],
  ["paused", (it) => it.pause(), (it) => it.resume(), /looking for the brokers took longer/],
])(
  "a Kafka that is %s is known to be away though nothing is published, and there again",
  async (_, away, back, why) => {
    const cluster = await start(1);
    const engine = await watchAt(cluster.brokers);
    // It has answered: what follows is not a start without it.
    await sleep(1_000);
    expect(engine.awayReason).toBe(undefined);
    await away(cluster);
    await within(KNOWN_MAX_MS, () => expect(engine.awayReason).toMatch(why));
    await back(cluster);
    await within(KNOWN_MAX_MS, () => expect(engine.awayReason).toBe(undefined));
  },
  120_000,
);

it("a Kafka of three is there while one is silent, and while the one that is named is gone", async () => {
  const cluster = await start(3);
  const [first] = cluster.members;
  const engines = [await watchAt(cluster.brokers), await watchAt(cluster.brokers.slice(0, 1))];
  await sleep(1_000);
  for (const harm of [() => first?.pause(), () => first?.kill()]) {
    await harm();
    const untilMs = performance.now() + KNOWN_MAX_MS;
    while (performance.now() < untilMs) {
      expect(engines.map((it) => it.awayReason)).toEqual([undefined, undefined]);
      await sleep(100);
    }
  }
  await cluster.kill();
  for (const engine of engines) await within(KNOWN_MAX_MS, () => expect(engine.awayReason).toMatch(/ECONNREFUSED/));
}, 180_000);
