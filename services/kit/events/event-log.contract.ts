import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import type { EventLog, EventRecord } from "./event-log.ts";

/** A record of a subject; the payload tells its number. */
export function testRecord(topic: string, subject: string, number: number): EventRecord {
  return { eventId: randomUUID(), topic, type: "test.Event", subject, payload: Uint8Array.of(number) };
}

const numberOf = (record: EventRecord) => record.payload[0] ?? -1;
const plain = (record: EventRecord) => ({ ...record, payload: Uint8Array.from(record.payload) });
const bySubject = (records: readonly EventRecord[]) =>
  Object.fromEntries(Object.entries(Object.groupBy(records, (it) => it.subject)).sort());

/** What every event log must do. `open` opens another replica on the same log. */
export function eventLogContract(open: () => Promise<EventLog>): void {
  describe("an event log", () => {
    let topic: string;
    let replicas: EventLog[];
    const openReplica = async () => {
      const log = await open();
      replicas.push(log);
      return log;
    };
    beforeEach(() => {
      topic = `topic-${randomUUID()}`;
      replicas = [];
    });
    afterEach(async () => {
      await Promise.all(replicas.map((it) => it.close()));
    });

    it("hands every record, unchanged and in its subject's order, to each group, whenever that came", async () => {
      const log = await openReplica();
      const seen: Record<string, EventRecord[]> = { early: [], late: [] };
      await log.consume(topic, "early", async (it) => void seen.early?.push(it));
      const records = Array.from({ length: 120 }, (_, n) => testRecord(topic, `subject-${n % 3}`, n));
      await log.publish(records.slice(0, 70));
      await log.publish(records.slice(70));
      await log.consume(topic, "late", async (it) => void seen.late?.push(it));
      await eventually(() => expect([seen.early?.length, seen.late?.length]).toEqual([120, 120]));
      for (const group of ["early", "late"]) {
        expect(bySubject(seen[group]?.map(plain) ?? [])).toEqual(bySubject(records));
      }
    });

    it("keeps topics apart", async () => {
      const log = await openReplica();
      const other = `${topic}-other`;
      const seen: number[] = [];
      await log.consume(topic, "group", async (it) => void seen.push(numberOf(it)));
      await log.publish([
        testRecord(other, "s", 1),
        testRecord(topic, "s", 2),
        testRecord(other, "s", 3),
        testRecord(topic, "s", 4),
      ]);
      await eventually(() => expect(seen).toEqual([2, 4]));
    });

    it("hands the same record out again when the handler throws, and no later one of its subject meanwhile", async () => {
      const log = await openReplica();
      const seen: number[] = [];
      await log.consume(topic, "group", async (it) => {
        seen.push(numberOf(it));
        if (seen.length <= 2) throw new Error("not this time");
      });
      await log.publish([testRecord(topic, "a", 1), testRecord(topic, "a", 2), testRecord(topic, "a", 3)]);
      await eventually(() => expect(seen).toEqual([1, 1, 1, 2, 3]));
    });

    it("lets one consumer of a group work on a subject at a time, on all that many publish at once, skipping nothing", async () => {
      const seen: string[] = [];
      const working = new Map<string, number>();
      let workingMax = 0;
      const logs = await Promise.all([openReplica(), openReplica(), openReplica()]);
      for (const log of logs) {
        await log.consume(topic, "group", async ({ subject, eventId }) => {
          const now = (working.get(subject) ?? 0) + 1;
          working.set(subject, now);
          workingMax = Math.max(workingMax, now);
          await new Promise(setImmediate);
          seen.push(eventId);
          working.set(subject, (working.get(subject) ?? 0) - 1);
        });
      }
      const records = Array.from({ length: 90 }, (_, n) => testRecord(topic, `subject-${n % 30}`, n));
      await Promise.all(records.map((it, n) => logs[n % 3]?.publish([it])));
      await eventually(() => expect(new Set(seen)).toEqual(new Set(records.map((it) => it.eventId))));
      expect(workingMax).toBe(1);
    });

    it("hands each record out once as long as consumers come and go in good order", async () => {
      const seen: string[] = [];
      const handle = async (it: EventRecord) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        seen.push(it.eventId);
      };
      const publisher = await openReplica();
      const records = Array.from({ length: 200 }, (_, n) => testRecord(topic, `subject-${n % 20}`, n));
      const publishing = (async () => {
        for (let n = 0; n < records.length; n += 10) {
          await publisher.publish(records.slice(n, n + 10));
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
      })();
      const first = await openReplica();
      await first.consume(topic, "group", handle);
      await eventually(() => expect(seen.length).toBeGreaterThan(20));
      const second = await openReplica();
      await second.consume(topic, "group", handle);
      await eventually(() => expect(seen.length).toBeGreaterThan(60));
      await first.close();
      await publishing;
      await eventually(() => expect(new Set(seen).size).toBe(200));
      expect(seen.length).toBe(200);
    });

    it("does not begin with a subject elsewhere while a handler is still at it, however long that takes", async () => {
      const seen: string[] = [];
      const consume = async () => {
        const log = await openReplica();
        await log.consume(topic, "group", async (it) => {
          seen.push(`${numberOf(it)} begun`);
          await new Promise((resolve) => setTimeout(resolve, seen.length === 1 ? 2_000 : 10));
          seen.push(`${numberOf(it)} ended`);
        });
        return log;
      };
      const log = await consume();
      const numbers = [0, 1, 2, 3, 4];
      await log.publish(numbers.map((n) => testRecord(topic, "s", n)));
      await eventually(() => expect(seen.length).toBe(1));
      await Promise.all([consume(), consume()]);
      await eventually(() => expect(seen).toEqual(numbers.flatMap((n) => [`${n} begun`, `${n} ended`])));
    });

    it("goes on where a closed consumer stopped, once its handler has ended", async () => {
      const first = await openReplica();
      const seen: string[] = [];
      let begun = () => {};
      const beginning = new Promise<void>((resolve) => {
        begun = resolve;
      });
      await first.consume(topic, "group", async (it, signal) => {
        begun();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        seen.push(`first ${numberOf(it)}`);
      });
      await first.publish([testRecord(topic, "s", 1), testRecord(topic, "s", 2)]);
      await beginning;
      await first.close();
      expect(seen).toEqual(["first 1"]);
      const second = await openReplica();
      await second.consume(topic, "group", async (it) => void seen.push(`second ${numberOf(it)}`));
      await eventually(() => expect(seen).toEqual(["first 1", "second 2"]));
    });
  });
}
