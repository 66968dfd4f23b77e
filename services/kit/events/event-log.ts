/** An event as a log keeps it. */
export interface EventRecord {
  /** Unique to the event, a UUID. */
  readonly eventId: string;
  readonly topic: string;
  /** Full name of the message type: "shop.events.v1.OrderEvent". */
  readonly type: string;
  /** What the event is about; records of one subject keep their order. */
  readonly subject: string;
  /** The message in protobuf's binary form. */
  readonly payload: Uint8Array;
}

/** Does something with a record. The signal says that the consumer stops: end early, and throw if the record isn't done. */
export type RecordHandler = (record: EventRecord, signal: AbortSignal) => Promise<void>;

/**
 * Keeps events in topics and hands them to groups of consumers: at least once, nothing skipped, and in order and one at a
 * time for each subject; events of different subjects may be handled at once. What a group has not seen yet is kept for 7
 * days at least.
 */
export interface EventLog {
  /** Adds records, in this order, to their topics. When it throws, some, all or none of them may have been added. */
  publish(records: readonly EventRecord[]): Promise<void>;
  /**
   * Hands a topic's records to a group, from the oldest kept if the group is new. The consumers of a group, in any
   * process, share its subjects; when one ends or dies, others go on with what it had not handled. When the handler throws,
   * the same record comes again after a pause, and no later one of its subject before.
   */
  consume(topic: string, group: string, handle: RecordHandler): Promise<void>;
  /** Stops all consumers and waits for handlers that run. */
  close(): Promise<void>;
}
