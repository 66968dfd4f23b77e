import type { StoredRecord } from "./fetch.ts";

/** Records of one partition that were read and wait for their turn. */
export interface RecordQueue {
  /** Whether more shall be read. */
  readonly hasRoom: boolean;
  push(records: readonly StoredRecord[]): void;
  /** The oldest, which it takes out; waits for one. Undefined when the signal says that it is over. */
  next(): Promise<StoredRecord | undefined>;
}

/** What is left is handled while the next comes. */
const ROOM_RECORDS = 50;
const ROOM_BYTES = 1024 * 1024;

const bytesOf = ({ value }: StoredRecord) => value?.length ?? 0;

/** An empty queue, for one that puts in and one that takes out. */
export function createRecordQueue(signal: AbortSignal): RecordQueue {
  let records: StoredRecord[] = [];
  let taken = 0;
  let bytes = 0;
  let wake = () => {};
  signal.addEventListener("abort", () => wake(), { once: true });
  return {
    get hasRoom() {
      return records.length - taken < ROOM_RECORDS && bytes < ROOM_BYTES;
    },
    push(more) {
      if (more.length === 0) return;
      records = [...records.slice(taken), ...more];
      taken = 0;
      for (const it of more) bytes += bytesOf(it);
      wake();
    },
    async next() {
      while (taken === records.length && !signal.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      const record = signal.aborted ? undefined : records[taken];
      if (record === undefined) return undefined;
      taken += 1;
      bytes -= bytesOf(record);
      return record;
    },
  };
}
