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

/** How long things take at most, in milliseconds. */
export interface Times {
  /**
   * How long something that was begun may go on changing products. Every such change asks the server's clock whether its
   * time is over, so that what was stuck on its way cannot happen when it is long taken for not having happened.
   */
  readonly workMs: number;
  /** By how much the clocks of the servers of a set may differ. */
  readonly clockSkewMs: number;
  /** How long somebody who puts pieces back has for it before others do it too. */
  readonly giveBackMs: number;
}

const TIMES: Times = { workMs: 10_000, clockSkewMs: 10_000, giveBackMs: 5_000 };

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
  /** What people browse is read through this, with `ANYWHERE`. */
  readonly read: Mongo["read"];
  readonly times: Times;
}

export function collectionsOf(mongo: Pick<Mongo, "collection" | "run" | "read">, times = TIMES): Collections {
  return {
    products: mongo.collection("products"),
    categories: mongo.collection("categories"),
    words: mongo.collection("words"),
    reservations: mongo.collection("reservations"),
    adjustments: mongo.collection("adjustments"),
    events: mongo.collection("events"),
    run: mongo.run,
    read: mongo.read,
    times,
  };
}

/** Browsing goes on from the other servers while a new primary is elected. */
export const ANYWHERE = { readPreference: "primaryPreferred" } as const;

/** A moment from now by the server's clock, for updates with a pipeline. */
export const fromNow = (ms: number) => ({ $add: ["$$NOW", ms] });

/** When nothing that was begun until the document's `until` can happen any more, for updates with a pipeline. */
export const longOver = ({ clockSkewMs }: Times) => ({ $add: ["$until", clockSkewMs] });

/** For filters: only while the work's time is not over. */
export const before = (until: Date) => ({ $expr: { $lt: ["$$NOW", until] } });
