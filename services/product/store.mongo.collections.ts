import type { Collection } from "mongodb";
import type { Mongo } from "#kit/mongo/client.ts";
import type {
  AdjustmentDocument,
  CategoryDocument,
  EventDocument,
  ProductDocument,
  ReservationDocument,
  WordDocument,
} from "./store.mongo.documents.ts";

/** Product's collections, and the way to work on them. */
export interface Collections {
  readonly products: Collection<ProductDocument>;
  readonly categories: Collection<CategoryDocument>;
  readonly words: Collection<WordDocument>;
  readonly reservations: Collection<ReservationDocument>;
  readonly adjustments: Collection<AdjustmentDocument>;
  readonly events: Collection<EventDocument>;
  /** Each operation on them goes through this. */
  readonly run: Mongo["run"];
}

export function collectionsOf(mongo: Pick<Mongo, "collection" | "run">): Collections {
  return {
    products: mongo.collection("products"),
    categories: mongo.collection("categories"),
    words: mongo.collection("words"),
    reservations: mongo.collection("reservations"),
    adjustments: mongo.collection("adjustments"),
    events: mongo.collection("events"),
    run: mongo.run,
  };
}

/**
 * How long something that was begun may go on changing products, in milliseconds. Every such change asks the server's
 * clock whether its time is over, so that what was stuck on its way cannot happen when it is long taken for not having
 * happened.
 */
export const WORK_MS = 10_000;
/** By how much the clocks of the servers of a set may differ, in milliseconds. */
export const CLOCK_SKEW_MS = 10_000;

/** A moment from now by the server's clock, for updates with a pipeline. */
export const fromNow = (ms: number) => ({ $add: ["$$NOW", ms] });

/** When nothing that was begun within the work's time can happen any more, for updates with a pipeline. */
export const LONG_OVER = { $add: ["$until", CLOCK_SKEW_MS] };

/** For filters: only while the work's time is not over. */
export const before = (until: Date) => ({ $expr: { $lt: ["$$NOW", until] } });
