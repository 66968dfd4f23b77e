import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { pino } from "pino";
import { afterAll, afterEach, beforeEach, expect, it, vi } from "vitest";
import { type UserEvent, UserEventSchema } from "#gen/shop/events/v1/user_event_pb.js";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import { createMetrics, type Metrics } from "../metrics.ts";
import { type Database, openDatabase } from "../postgres/database.ts";
import { type KafkaCluster, startKafka } from "../testing/engines/kafka.ts";
import { freePort } from "../testing/engines/ports.ts";
import { testKafka } from "../testing/engines/shared.ts";
import { testPostgres } from "../testing/postgres.ts";
import { migrateEvents, type RunningEvents } from "./create-events.ts";
import { startEvents } from "./start-events.ts";
import { kafkaAt } from "./testing/kafka.ts";

const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });
const SUBJECTS = 10;
let url: string;
let database: Database;
let running: RunningEvents[];
let cluster: KafkaCluster | undefined;

beforeEach(async () => {
  url = await testPostgres();
  await migrateEvents({ url, schema: "test", log });
  database = openDatabase({ url, schema: "test", log });
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((it) => it.close()));
  await database.close();
});
afterAll(() => cluster?.close());

const eventually = <T>(check: () => T) => vi.waitFor(check, { timeout: 45_000, interval: 50 });

async function open(brokers: readonly string[], prefix = "", metrics = createMetrics("test")): Promise<RunningEvents> {
  const events = await startEvents({ database, kafka: kafkaAt(brokers, prefix), metrics, log });
  running.push(events);
  return events;
}

/** With PostgreSQL's event log. */
async function openBefore(): Promise<RunningEvents> {
  const events = await startEvents({ database, metrics: createMetrics("test"), log });
  running.push(events);
  return events;
}

function numbered(number: number): UserEvent {
  return create(UserEventSchema, {
    eventId: randomUUID(),
    event: { case: "profileUpdated", value: { displayName: `${number}` } },
  });
}
const numberOf = ({ event }: UserEvent) => Number(event.case === "profileUpdated" ? event.value.displayName : -1);

async function append(events: RunningEvents, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) {
    await database.transaction(async (tx) => {
      for (let n = 0; n < SUBJECTS; n++) await events.append(tx, UserEventSchema, numbered(number), `subject-${n}`);
    });
  }
}

async function collect(events: RunningEvents, group: string): Promise<Map<string, number[]>> {
  const seen = new Map<string, number[]>();
  await events.subscribe(UserEventSchema, group, async ({ event, subject }) => {
    seen.set(subject, [...(seen.get(subject) ?? []), numberOf(event)]);
  });
  return seen;
}

const inOrder = (from: number, to: number) =>
  Object.fromEntries(
    Array.from({ length: SUBJECTS }, (_, n) => [`subject-${n}`, Array.from({ length: to - from }, (_, i) => from + i)]),
  );
const sorted = (seen: Map<string, number[]>) => Object.fromEntries([...seen].sort());
const gaugeOf = async ({ registry }: Metrics, name: string) =>
  (await registry.getSingleMetric(name)?.get())?.values[0]?.value;

it("lets a service start and publish while Kafka is not there, and hands all out when it comes, and comes again", async () => {
  const port = await freePort();
  const brokers = [`127.0.0.1:${port}`];
  const metrics = createMetrics("test");
  const startMs = performance.now();
  const replicas = [await open(brokers, "", metrics), await open(brokers), await open(brokers)] as const;
  const seen = await collect(replicas[1], "group");
  expect(performance.now() - startMs).toBeLessThan(3_000);
  // A service that only listens, and has no PostgreSQL.
  const listener = kafkaAt(brokers, "");
  const listening = await startEvents({ kafka: listener, metrics: createMetrics("test"), log });
  running.push(listening);
  const heard = await collect(listening, "listener");
  await append(replicas[0], 0, 20);
  await eventually(async () => expect(await gaugeOf(metrics, "events_outbox_records")).toBe(20 * SUBJECTS));
  expect(await gaugeOf(metrics, "events_outbox_age_seconds")).toBeGreaterThan(1);
  expect(seen.size).toBe(0);
  await eventually(() => expect(listener.engine.awayReason).toMatch(/ECONNREFUSED/));

  cluster = await startKafka({ port });
  await eventually(() => expect(sorted(seen)).toEqual(inOrder(0, 20)));
  await eventually(async () => expect(await gaugeOf(metrics, "events_outbox_records")).toBe(0));
  await eventually(() => expect(sorted(heard)).toEqual(inOrder(0, 20)));
  expect(listener.engine.awayReason).toBe(undefined);

  await cluster.stop();
  await append(replicas[2], 20, 40);
  await cluster.restart();
  await append(replicas[0], 40, 50);
  await eventually(() => expect(sorted(seen)).toEqual(inOrder(0, 50)));

  await cluster.kill();
  await append(replicas[1], 50, 51);
  await eventually(() => expect(listener.engine.awayReason).toMatch(/ECONNREFUSED/));
  const closeMs = performance.now();
  await Promise.all(running.map((it) => it.close()));
  running = [];
  expect(performance.now() - closeMs).toBeLessThan(11_000);
}, 180_000);

it("says that who has no database cannot publish", async () => {
  const events = await startEvents({
    kafka: kafkaAt(["127.0.0.1:1"], ""),
    metrics: createMetrics("test"),
    log,
  });
  running.push(events);
  const appending = database.transaction((tx) => events.append(tx, UserEventSchema, numbered(1), "s"));
  await expect(appending).rejects.toThrow("no database");
});

it("carries over what PostgreSQL's event log holds that not all groups have handled, before what comes later", async () => {
  const before = await openBefore();
  const early = await collect(before, "early");
  await append(before, 0, 10);
  await eventually(() => expect(sorted(early)).toEqual(inOrder(0, 10)));
  await before.close();
  const failing = await openBefore();
  const away = callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "not there");
  await failing.subscribe(UserEventSchema, "late", () => Promise.reject(away));
  await append(failing, 10, 20);
  await eventually(async () => expect((await database.query("SELECT FROM outbox")).rowCount).toBe(0));
  await failing.close();

  const { brokers, prefix } = await testKafka();
  const after = await open(brokers, prefix);
  const late = await collect(after, "late");
  await append(after, 20, 30);
  await eventually(() => expect(sorted(late)).toEqual(inOrder(0, 30)));
  const again = await collect(after, "early");
  await eventually(() => expect(again.get("subject-0")?.slice(-20)).toEqual(inOrder(10, 30)["subject-0"]));

  // A replica that still runs with the settings of before publishes where it is used to.
  const behind = await openBefore();
  await after.close();
  await append(behind, 30, 35);
  await eventually(async () => expect((await database.query("SELECT FROM outbox")).rowCount).toBe(0));
  const next = await open(brokers, prefix);
  await append(next, 35, 40);
  const newest = await collect(next, "newest");
  await eventually(() => expect(sorted(newest)).toEqual(inOrder(0, 40)));
});

it("tries again what was set aside in PostgreSQL before there was Kafka", async () => {
  const before = await openBefore();
  await database.query(
    `INSERT INTO dead_letters (topic, group_name, event_id, type, subject, payload, error, attempts)
     VALUES ('user-events', 'group', $1, $2, 's', '', 'broken', 5)`,
    [randomUUID(), UserEventSchema.typeName],
  );
  await before.close();
  const { brokers, prefix } = await testKafka();
  const after = await open(brokers, prefix);
  const subjects: string[] = [];
  await after.subscribe(UserEventSchema, "group", async ({ subject }) => void subjects.push(subject));
  await eventually(() => expect(subjects).toEqual(["s"]));
  await eventually(async () => expect((await database.query("SELECT FROM dead_letters")).rowCount).toBe(0));
});
