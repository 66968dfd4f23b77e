import type http from "node:http";
import type { Logger } from "pino";
import { createEngine, type RunOptions } from "../engine.ts";
import { CHECK_TIMEOUT_MS } from "../health.ts";
import type { Metrics } from "../metrics.ts";
import { isAway, S3Error } from "./error.ts";
import { createRequests } from "./requests.ts";
import type { S3Settings } from "./settings.ts";

/** What is known of an object without its bytes. */
export interface S3Head {
  readonly sizeBytes: number;
  /** Stands for the bytes: another one, another content. */
  readonly etag: string;
  /** What was said of it when it was put; names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An object with its bytes, or those that were asked for. */
export interface S3Object extends S3Head {
  readonly bytes: Buffer;
}

/** An object as a list tells of it. */
export interface S3Listed {
  readonly key: string;
  readonly sizeBytes: number;
  /** By the server's clock, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** What may go with an object that is put. */
export interface S3Put {
  readonly contentType?: string;
  /** Names in lower case, values in ASCII. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Only where there is no object yet ("absent"), or only in place of the one with this etag. */
  readonly only?: "absent" | { readonly etag: string };
}

/**
 * One bucket. Answers are held whole in memory, so objects are meant to be some megabytes at most; nobody who is slow
 * keeps a connection. While the S3 is away everything ends with DEPENDENCY_UNAVAILABLE.
 */
export interface S3 {
  /**
   * Writes an object in one request, checked by the server against its MD5.
   * @returns its etag; undefined when `only` kept it from being written
   */
  put(key: string, bytes: Uint8Array, options?: S3Put): Promise<string | undefined>;
  head(key: string): Promise<S3Head | undefined>;
  /** @param options.isLarge there may be some megabytes of it, which take their time */
  get(key: string, options?: { isLarge?: boolean }): Promise<S3Object | undefined>;
  /**
   * Bytes from `start` to `end`, both included, of the very object that `etag` stands for.
   * @returns undefined when there is another one by now, or none
   */
  getRange(key: string, range: { start: number; end: number; etag: string }): Promise<Buffer | undefined>;
  /** At most `limit` (1000) objects in the order of their keys, those after `after`; fewer only at the end. */
  list(options: { prefix: string; after?: string; limit?: number }): Promise<S3Listed[]>;
  /** Removes objects; those that are not there are no error. */
  delete(keys: readonly string[]): Promise<void>;
  /** Throws when the bucket cannot be reached. */
  ping(): Promise<void>;
  close(): void;
}

/** What a bucket is opened with. */
export interface S3Options {
  readonly settings: S3Settings;
  readonly log: Logger;
  readonly metrics?: Pick<Metrics, "registry">;
  /** Finds addresses in place of DNS. */
  readonly lookup?: http.AgentOptions["lookup"];
}

/** Milliseconds that a request may take; that the server is silent is found out sooner. */
const BUDGET_MS = 5_000;
/** Milliseconds for what may carry some megabytes, or has to be safe on a disk before it is answered. */
const LARGE_BUDGET_MS = 20_000;
/** So that it is known what is amiss before whoever asks whether there is anything amiss gives up. */
const PING_BUDGET_MS = CHECK_TIMEOUT_MS - 200;
const LIST_MAX = 1_000;
/** Objects removed by one request: S3 takes a thousand, but some remove them one after the other. */
const DELETE_MAX = 100;
const ABSENT = new Set(["NoSuchKey", "NotFound"]);
const NOT_DONE = "PreconditionFailed";
const NOT_KNOWN = "NotImplemented";

const unless = (codes: ReadonlySet<string>) => (error: unknown) => {
  if (error instanceof S3Error && codes.has(error.code)) return undefined;
  throw error;
};
const ifThere = unless(ABSENT);
const ifAllowed = unless(new Set([NOT_DONE, ...ABSENT]));

/** Opens a bucket; `awaitBucket` sees that it is there. */
export function openS3(options: S3Options): S3 {
  const { log, metrics } = options;
  const requests = createRequests(options);
  // Connections of its own, so that a sign of life does not wait behind large files.
  const life = createRequests(options);
  const check = () => life.within(AbortSignal.timeout(PING_BUDGET_MS), life.ping);
  const engine = createEngine({
    ...{ name: "s3", isAway, log, budgetMs: BUDGET_MS, check, onAway: requests.dropIdle },
    ...(metrics && { metrics }),
  });
  const run = <T>(work: () => Promise<T>, options?: RunOptions) =>
    engine.run(({ signal }) => requests.within(signal, work), options);

  const putOnce = (key: string, bytes: Uint8Array, put: S3Put) =>
    run(() => requests.put(key, bytes, put).catch(ifAllowed), { budgetMs: LARGE_BUDGET_MS });
  return {
    async put(key, bytes, put = {}) {
      const { only, ...unconditional } = put;
      try {
        return await putOnce(key, bytes, put);
      } catch (error) {
        if (only === undefined || !(error instanceof S3Error) || error.code !== NOT_KNOWN) throw error;
      }
      // An S3 without conditions: looking first is nearly as good, since two hardly ever put the same at the same moment.
      const there = await run(() => requests.head(key).catch(ifThere));
      const allowed = only === "absent" ? there === undefined : there?.etag === only.etag;
      return allowed ? putOnce(key, bytes, unconditional) : undefined;
    },
    head: (key) => run(() => requests.head(key).catch(ifThere)),
    get: (key, { isLarge = false } = {}) =>
      run(() => requests.get(key).catch(ifThere), { budgetMs: isLarge ? LARGE_BUDGET_MS : BUDGET_MS }),
    getRange: (key, range) => run(() => requests.getRange(key, range).catch(ifAllowed)),
    list: ({ prefix, after = "", limit = LIST_MAX }) =>
      run(() => requests.list(prefix, after, Math.min(limit, LIST_MAX))),
    async delete(keys) {
      for (let at = 0; at < keys.length; at += DELETE_MAX) {
        const some = keys.slice(at, at + DELETE_MAX);
        await run(() => requests.delete(some), { budgetMs: LARGE_BUDGET_MS });
      }
    },
    ping: () => engine.probe(({ signal }) => life.within(signal, life.ping), { budgetMs: PING_BUDGET_MS }),
    close() {
      requests.close();
      life.close();
    },
  };
}
