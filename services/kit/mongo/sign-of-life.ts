import type { MongoClient } from "mongodb";
import { isPoolBusy, NoAnswerError } from "./away.ts";

/** Asks MongoDB for signs of life. */
export interface SignsOfLife {
  /** Asks whether there is a primary that writes could go to. @throws what `isAway` knows, or what the server says */
  ofPrimary(): Promise<void>;
  /** Asks whether there is any server to read from. @throws the same */
  ofAnyone(): Promise<void>;
  close(): Promise<void>;
}

/** An answer that takes longer than this does not come, in milliseconds. */
const ANSWER_TIMEOUT_MS = 2_000;
/** One connection, which is opened with the first question, whatever the URL says of pools. */
export const LIFE_OPTIONS = {
  maxPoolSize: 1,
  minPoolSize: 0,
  waitQueueTimeoutMS: ANSWER_TIMEOUT_MS,
  connectTimeoutMS: ANSWER_TIMEOUT_MS,
  socketTimeoutMS: ANSWER_TIMEOUT_MS,
} as const;

/**
 * Asks on a connection of its own: that all connections of a pool are in use says nothing of the server.
 * @param client made with `LIFE_OPTIONS`; it is closed with this
 */
export function createSignsOfLife(client: MongoClient): SignsOfLife {
  const db = client.db();
  const asking = new Map<string, Promise<void>>();
  const ask = async (readPreference: "primary" | "primaryPreferred") => {
    try {
      await db.command({ ping: 1 }, { readPreference });
    } catch (error) {
      // Here nobody else uses connections, so this one does not come to be, or hears nothing.
      if (isPoolBusy(error)) throw new NoAnswerError(error);
      throw error;
    }
  };
  /** One question at a time of each kind answers all who ask. */
  const askOnce = (of: "primary" | "primaryPreferred"): Promise<void> => {
    const asked = asking.get(of) ?? ask(of).finally(() => asking.delete(of));
    asking.set(of, asked);
    return asked;
  };
  return {
    // Of the primary: secondaries alone take no order.
    ofPrimary: () => askOnce("primary"),
    ofAnyone: () => askOnce("primaryPreferred"),
    close: () => client.close(),
  };
}
