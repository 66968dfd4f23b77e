import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { KafkaCluster } from "../testing/engines/kafka.ts";
import { startKafka } from "../testing/engines/kafka.ts";
import { createKafkaEventLog } from "./event-log.kafka.ts";
import type { EventLog } from "./event-log.ts";
import { kafkaAt, QUICK as times } from "./testing/kafka.ts";
import { createLedger, type Ledger, publishAll, SUBJECTS, TOPIC as topic } from "./testing/ledger.ts";

const CONSUME = fileURLToPath(new URL("./testing/consume.ts", import.meta.url));

let cluster: KafkaCluster;
let prefix: string;
let logs: EventLog[];

beforeAll(async () => {
  cluster = await startKafka();
});
afterAll(() => cluster.close());
beforeEach(() => {
  prefix = `${randomUUID()}.`;
  logs = [];
});
afterEach(async () => {
  await Promise.all(logs.map((it) => it.close()));
});

function openLog(): EventLog {
  const log = createKafkaEventLog({ kafka: kafkaAt(cluster.brokers, prefix), times });
  logs.push(log);
  return log;
}

const eventually = <T>(check: () => T) => vi.waitFor(check, { timeout: 45_000, interval: 50 });

function startConsumer(ledger: Ledger, handleMs = 1) {
  const child = spawn(process.execPath, [CONSUME, cluster.url, prefix, topic, "group", `${handleMs}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [subject = "", number] = line.split(" ");
    ledger.add(subject, Number(number));
  });
  return child;
}

describe("consumers", () => {
  it("that come, go, are killed and are frozen lose and skip nothing, and keep the order of each subject", async () => {
    const ledger = createLedger();
    const count = 150;
    const publishing = publishAll(openLog(), count, 50);
    const a = startConsumer(ledger);
    const b = startConsumer(ledger);
    await eventually(() => expect(ledger.total).toBeGreaterThan(100));
    const c = startConsumer(ledger);
    await sleep(1_000);
    a.kill("SIGKILL");
    b.kill("SIGSTOP");
    const d = startConsumer(ledger);
    await publishing;
    // The group goes on without the one that is frozen, and that one without harm when it is not frozen any more.
    await sleep(3_000);
    b.kill("SIGCONT");
    c.kill("SIGTERM");
    await eventually(() => expect(ledger.distinct).toBe(count * SUBJECTS));
    expect(ledger.skipped).toEqual([]);
    for (const it of [b, d]) it.kill("SIGTERM");
    await Promise.all([b, c, d].map((it) => it.exitCode ?? once(it, "exit")));
  });
});

describe("a broker", () => {
  it.each([
    ["that is killed and started again", async () => cluster.kill(), async () => cluster.restart()],
    ["that is frozen for a while", async () => cluster.pause(), async () => cluster.resume()],
  ])("%s makes everybody wait, and nothing is lost or told in another order", async (_, away, back) => {
    const ledger = createLedger();
    const consumers = [openLog(), openLog()];
    for (const it of consumers)
      await it.consume(topic, "group", async ({ subject, payload }) => {
        await sleep(1);
        ledger.add(subject, Buffer.from(payload).readUInt32BE());
      });
    const count = 200;
    const publishing = publishAll(openLog(), count, 20);
    await eventually(() => expect(ledger.total).toBeGreaterThan(500));
    await away();
    await sleep(8_000);
    await back();
    await publishing;
    await eventually(() => expect(ledger.distinct).toBe(count * SUBJECTS));
    expect(ledger.skipped).toEqual([]);
  });
});
