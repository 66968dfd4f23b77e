import type { StoredRecord } from "../kafka/fetch.ts";
import type { OutgoingMessage } from "../kafka/publisher.ts";
import type { EventRecord } from "./event-log.ts";

const EVENT_ID = "event-id";
const EVENT_TYPE = "event-type";

/** A text among a record's headers. */
export function headerOf(record: Pick<StoredRecord, "headers">, name: string): string | undefined {
  return record.headers.find(([key]) => key?.toString() === name)?.[1]?.toString();
}

/** Headers as the driver takes them. */
export function headersOf(texts: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(Object.entries(texts).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]));
}

/** An event as a message: its subject is the key, by which Kafka keeps its order. */
export function messageOf({ eventId, type, subject, payload }: EventRecord, topicName: string): OutgoingMessage {
  return {
    topic: topicName,
    key: Buffer.from(subject),
    value: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    headers: headersOf({ [EVENT_ID]: eventId, [EVENT_TYPE]: type }),
  };
}

/** An event from a record; undefined for one that somebody else wrote, who says nothing of an event. */
export function eventOf(record: StoredRecord, topic: string): EventRecord | undefined {
  const eventId = headerOf(record, EVENT_ID);
  const type = headerOf(record, EVENT_TYPE);
  if (eventId === undefined || type === undefined || record.value === null) return undefined;
  return { eventId, topic, type, subject: record.key?.toString() ?? "", payload: record.value };
}
