import { setTimeout as sleep } from "node:timers/promises";
import type { ChangeStream, Document, ResumeToken, Timestamp } from "mongodb";
import type { Logger } from "pino";
import type { Mongo } from "./client.ts";

/** What to follow, and what to do with it. */
export interface ChangesOptions {
  readonly mongo: Pick<Mongo, "db" | "collection">;
  /** Of which of the service's collections. */
  readonly collection: string;
  /** Which changes, as stages of a pipeline; the server sends no others. */
  readonly pipeline: readonly Document[];
  /** A document changed, whoever did it, once for each change and in their order. */
  readonly onChange: (id: string) => void;
  /** Changes may have been missed: read again what matters. */
  readonly onLoss: () => void;
  readonly log: Pick<Logger, "debug">;
}

/** How long the server holds back its answer when there is no change, in milliseconds. */
const AWAIT_MS = 2_000;
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 5_000;

/**
 * Follows the changes of a collection on one connection, from the moment at which it returns until the function that it
 * answers is called. A stream that breaks goes on where it was; where that is not known any more, `onLoss` says so.
 */
export async function followChanges(options: ChangesOptions): Promise<() => Promise<void>> {
  const { mongo, collection, pipeline, onChange, onLoss, log } = options;
  const stopped = new AbortController();
  const now = async () => (await mongo.db.command({ ping: 1 })).operationTime as Timestamp;
  let from: { startAtOperationTime: Timestamp } | { resumeAfter: ResumeToken } = { startAtOperationTime: await now() };
  let stream: ChangeStream<Document, Document> | undefined;
  let pauseMs = PAUSE_MS;

  async function follow(): Promise<void> {
    const next = mongo.collection(collection).watch<Document, Document>([...pipeline], {
      ...from,
      maxAwaitTimeMS: AWAIT_MS,
    });
    stream = next;
    // Also moves on while nothing changes, so that the place stays one that the server remembers.
    next.on("resumeTokenChanged", (token: ResumeToken) => {
      from = { resumeAfter: token };
      pauseMs = PAUSE_MS;
    });
    try {
      while (!stopped.signal.aborted) onChange(String((await next.next()).documentKey?._id));
    } finally {
      await next.close().catch(() => {});
    }
  }

  /** Where to go on: where it was, unless the server has forgotten or refuses that. */
  async function goOn(error: unknown): Promise<void> {
    log.debug({ err: error, collection }, "a change stream broke; opening it again");
    await sleep(pauseMs, undefined, { signal: stopped.signal });
    pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
    const hasPlace = (error as { hasErrorLabel?: (it: string) => boolean }).hasErrorLabel?.(
      "ResumableChangeStreamError",
    );
    const isRefused = typeof (error as { code?: unknown }).code === "number" && hasPlace !== true;
    if (isRefused) from = { startAtOperationTime: await now() };
    // What the driver could not mend by itself took its time: who waits for changes is better off reading again.
    onLoss();
  }

  async function run(): Promise<void> {
    let failure: unknown;
    while (!stopped.signal.aborted) {
      try {
        if (failure !== undefined) await goOn(failure);
        await follow();
      } catch (error) {
        failure = error;
      }
    }
  }

  const running = run();
  return async () => {
    stopped.abort();
    await stream?.close().catch(() => {});
    await running;
  };
}
