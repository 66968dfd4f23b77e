import { pino } from "pino";
import { expect, it, vi } from "vitest";
import { createMetrics } from "../metrics.ts";
import type { Database } from "../postgres/database.ts";
import type { EventRecord } from "./event-log.ts";
import type { Outbox, PendingEvent } from "./outbox.ts";
import { startRelay } from "./relay.ts";

const NEVER_MS = 3_600_000;

it("what a replica without Kafka published until its turn ended is carried over before what comes next", async () => {
  const published: string[] = [];
  let inOldLog: string[] = [];
  let waiting = [{ id: 1, eventId: "later" } as PendingEvent];
  const outbox: Outbox = {
    channel: "outbox_test",
    append: async () => {},
    async takeTurn() {
      // The last that the other did with its turn.
      inOldLog = ["earlier"];
      return true;
    },
    keepTurn: async () => {},
    endTurn: async () => {},
    read: async () => waiting,
    async remove() {
      waiting = [];
    },
    backlog: async () => ({ records: 0, oldestMs: undefined }),
  };
  const relay = await startRelay({
    database: { schema: "test", listen: async () => async () => {} } as unknown as Database,
    outbox,
    eventLog: {
      publish: async (events: readonly EventRecord[]) => void published.push(...events.map((it) => it.eventId)),
    } as never,
    handover: {
      async run() {
        published.push(...inOldLog);
        inOldLog = [];
      },
    },
    metrics: createMetrics("test"),
    log: pino({ level: "silent" }),
    pollMs: NEVER_MS,
  });
  try {
    await vi.waitFor(() => expect(published.slice(0, 2)).toEqual(["earlier", "later"]));
  } finally {
    await relay.close();
  }
});
