import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Queryable } from "../postgres/database.ts";

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

/** What came of a replay. */
export interface Replayed {
  /** Events that are handled now. */
  readonly handled: number;
  /** Events that failed again; they stay set aside, with all later ones of their subjects. */
  readonly failed: number;
}

/** A service's way to tell what happened, and to hear what happened elsewhere. */
export interface Events {
  /**
   * Stores an event in the outbox, as part of the transaction that makes it true; it is published when that commits, at
   * least once and in order for each subject. The topic is the one its contract names, and its field `event_id`, a UUID,
   * must be set. While the event log is away, it waits in the outbox.
   * @throws Error when the contract names no topic, `event_id` is no UUID, the event has more than 1 MiB, or the service has
   * no database, and so no outbox.
   */
  append<T extends DescMessage>(tx: Queryable, schema: T, event: MessageShape<T>, subject: string): Promise<void>;
  /**
   * Handles every event of a type once for each group, in order and one at a time for each subject; events of different
   * subjects may be handled at once. A handler that throws is called again with growing pauses, five times in some four
   * seconds, while later events of the subject (and perhaps of others) wait; then the event is set aside as a dead letter and
   * the next comes. A handler that throws DEPENDENCY_UNAVAILABLE is called again until it does not. Dead letters are tried
   * once more whenever the service starts, since that is when a mended handler comes. After a crash an event may come twice,
   * and the one before it as well: a handler makes sure by the event's id, or by what it does, that this changes nothing.
   */
  subscribe<T extends DescMessage>(
    schema: T,
    group: string,
    handle: (delivery: Delivery<MessageShape<T>>) => Promise<void>,
  ): Promise<void>;
  /** Hands the dead letters of a group of this service to its handler once more, oldest first. */
  replayDeadLetters(schema: DescMessage, group: string): Promise<Replayed>;
}
