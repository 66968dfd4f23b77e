import type { EventRecord } from "./event-log.ts";
import type { Replayed } from "./events.ts";

/** Events that groups could not handle. */
export interface DeadLetters {
  /** Sets an event aside; the same event again replaces what is known of its failure. */
  add(group: string, record: EventRecord, error: unknown, attempts: number): Promise<void>;
  /**
   * Handles what a group has set aside once more, oldest first; what fails again stays, and the rest of its subject. Of
   * several at once, in any process, one works and the others wait.
   */
  replay(topic: string, group: string, handle: (record: EventRecord) => Promise<void>): Promise<Replayed>;
  /** Ends a replay that is on its way; it fails. */
  close(): Promise<void>;
}

const ERROR_MAX_CHARS = 4_000;

/** What is kept of an error, without characters that cannot be. */
export function textOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.replaceAll("\0", "").slice(0, ERROR_MAX_CHARS);
}

/** Adds where they are kept now, and replays those that were left where they were kept before as well, which are older. */
export function joinDeadLetters(present: DeadLetters, former: readonly DeadLetters[]): DeadLetters {
  return {
    add: (...letter) => present.add(...letter),
    async replay(topic, group, handle) {
      const total = { handled: 0, failed: 0 };
      for (const it of [...former, present]) {
        const { handled, failed } = await it.replay(topic, group, handle);
        total.handled += handled;
        total.failed += failed;
      }
      return total;
    },
    async close() {
      await Promise.all([present, ...former].map((it) => it.close()));
    },
  };
}
