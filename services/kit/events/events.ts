import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Queryable } from "../postgres.ts";

/** An event as a handler gets it. */
export interface Delivery<T> {
  readonly event: T;
  /** Unique to the event; the same again on a redelivery. */
  readonly eventId: string;
  /** What it is about; events of one subject come in order. */
  readonly subject: string;
  /** 1 on the first delivery. */
  readonly attempt: number;
}

/** A service's way to tell what happened, and to hear what happened elsewhere. */
export interface Events {
  /**
   * Stores an event in the outbox, as part of the transaction that makes it true; it is published when that commits, at
   * least once and in order for each subject. The topic is the one its contract names, and its field `event_id`, a UUID,
   * must be set.
   */
  append<T extends DescMessage>(tx: Queryable, schema: T, event: MessageShape<T>, subject: string): Promise<void>;
  /**
   * Handles every event of a type once for each group, in order for each subject. A handler that throws is called again
   * with growing pauses, and after some attempts the event is set aside as a dead letter.
   */
  subscribe<T extends DescMessage>(schema: T, group: string, handle: (delivery: Delivery<MessageShape<T>>) => Promise<void>): Promise<void>;
}
