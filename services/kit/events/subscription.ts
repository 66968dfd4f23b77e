import { setTimeout as sleep } from "node:timers/promises";
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { isFailure } from "../failure.ts";
import type { EventRecord, RecordHandler } from "./event-log.ts";
import type { Delivery } from "./events.ts";

/** How an event is tried again. */
export interface RetryPolicy {
  /** Times a handler is called before the event is set aside. */
  readonly attemptsMax: number;
  /** Pause after the first failure, in milliseconds; each further one is three times as long. */
  readonly pauseMs: number;
}

/** How an event ended for a group, for the counters. */
export type Ending = "handled" | "set_aside";

/** What a group does with the events of a type. */
export interface Subscription {
  /**
   * Handles a record, trying again; returns when it is handled or set aside.
   * @throws Error when what the handler needs is away: nothing is wrong with the event, which is to come again later
   */
  readonly deliver: RecordHandler;
  /** Handles a record once. */
  readonly deliverOnce: (record: EventRecord) => Promise<void>;
}

/** What a subscription is made of. */
export interface SubscriptionOptions<T extends DescMessage> {
  readonly schema: T;
  readonly group: string;
  readonly handle: (delivery: Delivery<MessageShape<T>>) => Promise<void>;
  readonly setAside: (record: EventRecord, error: unknown, attempts: number) => Promise<void>;
  readonly onEnd: (ending: Ending) => void;
  readonly retry: RetryPolicy;
  readonly log: Logger;
}

const PAUSE_FACTOR = 3;

const isAway = (error: unknown) => isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE);

/**
 * Delivers events to a handler. While an event is tried again, others of the group wait, those of its subject among them:
 * the pauses are short, so that this is a matter of seconds and the order within a subject needs no further care.
 */
export function createSubscription<T extends DescMessage>(options: SubscriptionOptions<T>): Subscription {
  const { schema, group, retry, log } = options;
  const deliverOnce = async (record: EventRecord, attempt = 1) => {
    // A topic may carry further types one day; they are for others.
    if (record.type !== schema.typeName) return;
    const { eventId, subject } = record;
    await options.handle({ event: fromBinary(schema, record.payload), eventId, subject, attempt });
  };
  const deliver: RecordHandler = async (record, signal) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await deliverOnce(record, attempt);
        return options.onEnd("handled");
      } catch (error) {
        const context = { err: error, group, topic: record.topic, eventId: record.eventId, attempt };
        if (isAway(error)) {
          log.warn(context, "an event cannot be handled for now, since something is away; it waits");
          throw error;
        }
        if (attempt >= retry.attemptsMax) {
          log.error(context, "an event could not be handled and is set aside");
          await options.setAside(record, error, attempt);
          return options.onEnd("set_aside");
        }
        log.warn(context, "an event could not be handled; trying again");
        await sleep(retry.pauseMs * PAUSE_FACTOR ** (attempt - 1), undefined, { signal });
      }
    }
  };
  return { deliver, deliverOnce: (record) => deliverOnce(record) };
}
