import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventLog, EventRecord } from "#kit/events/event-log.ts";

/** Subjects whose events are numbered from 0. */
export const SUBJECTS = 20;
export const TOPIC = "orders";

/** What was handled, in the order in which it was; across all consumers. */
export interface Ledger {
  add(subject: string, number: number): void;
  readonly total: number;
  readonly distinct: number;
  /** Numbers that came before a smaller one had come: what an order would have been told in the wrong order. */
  readonly skipped: readonly string[];
}

function record(subject: string, number: number): EventRecord {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(number);
  return { eventId: randomUUID(), topic: TOPIC, type: "test.Event", subject, payload };
}

export function createLedger(): Ledger {
  const bySubject = new Map<string, number[]>();
  return {
    add(subject: string, number: number) {
      bySubject.set(subject, [...(bySubject.get(subject) ?? []), number]);
    },
    get total() {
      return bySubject.values().reduce((sum, it) => sum + it.length, 0);
    },
    get distinct() {
      return bySubject.values().reduce((sum, it) => sum + new Set(it).size, 0);
    },
    get skipped() {
      return [...bySubject].flatMap(([subject, numbers]) => {
        let next = 0;
        return numbers.flatMap((it) => {
          if (it <= next) {
            next = Math.max(next, it + 1);
            return [];
          }
          return [`${subject} ${it} after ${next - 1}`];
        });
      });
    },
  };
}

/** Publishes so many records of each subject, as one replica's relay would: in order, again when it failed. */
export async function publishAll(log: EventLog, count: number, pauseMs: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const records = Array.from({ length: SUBJECTS }, (_, n) => record(`subject-${n}`, number));
    for (;;) {
      try {
        await log.publish(records);
        break;
      } catch {
        await sleep(200);
      }
    }
    await sleep(pauseMs);
  }
}
