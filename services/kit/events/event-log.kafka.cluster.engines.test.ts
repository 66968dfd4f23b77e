import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { startKafka } from "../testing/engines/kafka.ts";
import { createKafkaEventLog } from "./event-log.kafka.ts";
import { kafkaAt, QUICK as times } from "./testing/kafka.ts";
import { createLedger, publishAll, SUBJECTS, TOPIC } from "./testing/ledger.ts";

const COUNT = 200;

it("goes on when one broker of three is killed, and when it is back and another one is: nothing lost, nothing out of order", async () => {
  const cluster = await startKafka({ brokers: 3 });
  const logs = Array.from({ length: 3 }, () => createKafkaEventLog({ kafka: kafkaAt(cluster.brokers, ""), times }));
  try {
    const ledger = createLedger();
    for (const it of logs.slice(1))
      await it.consume(TOPIC, "group", async ({ subject, payload }) => {
        await sleep(1);
        ledger.add(subject, Buffer.from(payload).readUInt32BE());
      });
    const eventually = <T>(check: () => T) => vi.waitFor(check, { timeout: 60_000, interval: 50 });
    const [publisher] = logs;
    if (publisher === undefined) throw new Error("no log");
    const publishing = publishAll(publisher, COUNT, 30);
    for (const member of cluster.members.slice(0, 2)) {
      const before = ledger.total;
      await eventually(() => expect(ledger.total).toBeGreaterThan(before + 300));
      await member.kill();
      await sleep(2_000);
      await member.restart();
    }
    await publishing;
    await eventually(() => expect(ledger.distinct).toBe(COUNT * SUBJECTS));
    expect(ledger.skipped).toEqual([]);
  } finally {
    await Promise.all(logs.map((it) => it.close()));
    await cluster.close();
  }
}, 180_000);
