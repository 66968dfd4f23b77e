import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import type { EventLog, EventRecord } from "./event-log.ts";

/** A record of a subject; the payload tells its number. */
export function testRecord(topic: string, subject: string, number: number): EventRecord {
  return { eventId: randomUUID(), topic, type: "test.Event", subject, payload: Uint8Array.of(number) };
}

const numberOf = (record: EventRecord) => record.payload[0] ?? -1;

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

    it("hands every record, unchanged and in order, to each group, whenever that came", async () => {
      const log = await openReplica();
      const seen: Record<string, EventRecord[]> = { early: [], late: [] };
      await log.consume(topic, "early", async (it) => void seen.early?.push(it));
      const records = Array.from({ length: 120 }, (_, n) => testRecord(topic, `subject-${n % 3}`, n));
      await log.publish(records.slice(0, 70));
      await log.publish(records.slice(70));
      await log.consume(topic, "late", async (it) => void seen.late?.push(it));
      await eventually(() => expect([seen.early?.length, seen.late?.length]).toEqual([120, 120]));
      for (const group of ["early", "late"]) {
        expect(seen[group]?.map((it) => ({ ...it, payload: Uint8Array.from(it.payload) }))).toEqual(records);
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

    it("hands the same record out again when the handler throws, and no other meanwhile", async () => {
      const log = await openReplica();
      const seen: number[] = [];
      await log.consume(topic, "group", async (it) => {
        seen.push(numberOf(it));
        if (seen.length === 1) throw new Error("not this time");
      });
      await log.publish([testRecord(topic, "a", 1), testRecord(topic, "b", 2)]);
      await eventually(() => expect(seen).toEqual([1, 1, 2]));
    });

    it("lets one consumer of a group work at a time, on all that many publish at once, skipping nothing", async () => {
      const seen: string[] = [];
      let working = 0;
      let workingMax = 0;
      const logs = await Promise.all([openReplica(), openReplica(), openReplica()]);
      for (const log of logs) {
        await log.consume(topic, "group", async (it) => {
          working += 1;
          workingMax = Math.max(workingMax, working);
          await new Promise(setImmediate);
          seen.push(it.eventId);
          working -= 1;
        });
      }
      const records = Array.from({ length: 60 }, (_, n) => testRecord(topic, `subject-${n}`, n));
      await Promise.all(records.map((it, n) => logs[n % 3]?.publish([it])));
      await eventually(() => expect(seen.length).toBe(60));
      expect(new Set(seen)).toEqual(new Set(records.map((it) => it.eventId)));
      expect(workingMax).toBe(1);
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
