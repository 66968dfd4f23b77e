import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Metrics } from "../metrics.ts";
import type { Database } from "../postgres/database.ts";
import type { EventLog } from "./event-log.ts";
import type { Handover } from "./handover.ts";
import { type Backlog, OUTBOX_BATCH, type Outbox } from "./outbox.ts";
import { startWorker } from "./worker.ts";

/** Carries events from an outbox to the log. */
export interface Relay {
  close(): Promise<void>;
}

/** What a relay stands on. */
export interface RelayOptions {
  readonly database: Database;
  readonly outbox: Outbox;
  readonly eventLog: EventLog;
  /** What must go first. */
  readonly handover: Handover | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** How often the outbox is looked at without being told, in milliseconds. */
  readonly pollMs: number;
}

/** A replica that is silent for so long has lost its turn. */
const LEASE_MS = 15_000;
const MEASURE_MS = 10_000;

/** Tells how far behind it is: of an outbox that only grows nobody would hear, since the shop goes on selling. */
function startMeasuring({ outbox, metrics, log }: Pick<RelayOptions, "outbox" | "metrics" | "log">) {
  let last: Backlog = { records: 0, oldestMs: undefined };
  metrics.gauge("events_outbox_records", "Events that wait in the outbox to be published", () => last.records);
  metrics.gauge("events_outbox_age_seconds", "How long the oldest event in the outbox has waited", () =>
    last.oldestMs === undefined ? 0 : Math.max(0, Date.now() - last.oldestMs) / 1_000,
  );
  return startWorker({
    name: "measuring the outbox",
    async run() {
      last = await outbox.backlog();
    },
    pollMs: MEASURE_MS,
    log,
  });
}

/**
 * Starts a relay. Of all replicas' one publishes at a time, so that the order of each subject stays; when that one dies,
 * another goes on, and what was published but not yet taken out is published once more, under the same ids. While the log
 * is away it tries again with growing pauses, and nothing is lost but time.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { database, outbox, eventLog, handover, metrics, log, pollMs } = options;
  const published = metrics.counter("events_published_total", "Events taken from the outbox to the event log");
  const holder = randomUUID();
  const publishAll = async (signal: AbortSignal) => {
    for (let count = OUTBOX_BATCH; count === OUTBOX_BATCH && !signal.aborted; ) {
      const events = await outbox.read();
      count = events.length;
      if (count > 0) await eventLog.publish(events);
      // A crash before this publishes them once more.
      if (count > 0) await outbox.remove(events);
      published.inc(count);
    }
  };
  const publishInTurn = async (signal: AbortSignal) => {
    if (!(await outbox.takeTurn(holder, LEASE_MS))) return;
    // The log may be slow to take a batch.
    const renewal = setInterval(() => void outbox.keepTurn(holder, LEASE_MS).catch(() => {}), LEASE_MS / 3);
    try {
      // A replica that had the turn before may have published to the old log since this was done.
      await handover?.run(signal);
      await publishAll(signal);
    } finally {
      clearInterval(renewal);
      // Where this fails, the turn ends by itself.
      await outbox.endTurn(holder).catch(() => {});
    }
  };
  const relay = startWorker({
    name: `relay of ${database.schema}`,
    async run(signal) {
      await handover?.run(signal);
      await publishInTurn(signal);
    },
    pollMs,
    log,
  });
  const measuring = startMeasuring(options);
  const unlisten = await database.listen(outbox.channel, () => relay.wake());
  // What was appended before the channel was listened on.
  relay.wake();
  return {
    async close() {
      await Promise.all([relay.stop(), measuring.stop()]);
      await unlisten();
    },
  };
}
