import type { Logger } from "pino";
import { awaitPostgres } from "#kit/postgres/wait.ts";
import type { Settings } from "#kit/settings.ts";

/** An engine that the shop runs on, for whoever starts it. */
export interface OutsideEngine {
  /** "MongoDB". */
  readonly name: string;
  /** Where it is, without a password: "db1:27017,db2:27017". */
  readonly place: string;
  /** What is kept there: "products". */
  readonly keeps: string;
  /** @throws StartError with a sentence when it is not there */
  readonly isThere: (waiting: Waiting) => Promise<void>;
}

/** How it is waited for. */
interface Waiting {
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly waitMs: number;
}

/** Whoever names an engine at a terminal wants to know soon that it is not there. */
const WAIT_MS = 5_000;

/** What PostgreSQL is left with. */
function keptInPostgres({ mongodbUrl, redis, imageStore, kafka }: Settings): string {
  const rest = [
    ...(mongodbUrl === undefined ? ["products"] : []),
    ...(redis === undefined ? ["carts"] : []),
    ...(imageStore === "postgres" ? ["pictures"] : []),
    ...(kafka === undefined ? ["events"] : []),
  ];
  return ["orders", "accounts", ...rest].join(", ");
}

/** The engines that the settings name, each with the driver it is asked with, which is loaded where it is needed alone. */
export function outsideEngines(settings: Settings): OutsideEngine[] {
  const { postgresUrl, postgres, mongodbUrl, redis, s3, kafka } = settings;
  const engines: OutsideEngine[] = [];
  if (postgresUrl !== undefined)
    engines.push({
      name: "PostgreSQL",
      place: new URL(postgresUrl).host,
      keeps: keptInPostgres(settings),
      isThere: (waiting) => awaitPostgres({ url: postgresUrl, ...postgres, ...waiting }),
    });
  if (mongodbUrl !== undefined)
    engines.push({
      name: "MongoDB",
      // Several hosts are no URL to everybody; what stands before the last @ is the password's.
      place: mongodbUrl.replace(/^[^:]+:\/\/(?:[^/]*@)?/, "").replace(/[/?].*$/, ""),
      keeps: "products",
      isThere: async (waiting) => (await import("#kit/mongo/wait.ts")).awaitMongo({ url: mongodbUrl, ...waiting }),
    });
  if (redis !== undefined)
    engines.push({
      name: "Redis",
      place: redis.nodes.map(({ host, port }) => `${host}:${port}`).join(","),
      keeps: "carts, rate limits, sessions that ended",
      async isThere(waiting) {
        const [{ openRedis }, { awaitRedis }] = await Promise.all([
          import("#kit/redis/connection.ts"),
          import("#kit/redis/wait.ts"),
        ]);
        const connection = openRedis(redis, "start", waiting.log);
        await awaitRedis({ redis: connection, ...waiting }).finally(() => connection.close());
      },
    });
  if (s3 !== undefined && settings.imageStore === "s3")
    engines.push({
      name: "S3",
      place: `${s3.host}${s3.port === undefined ? "" : `:${s3.port}`}/${s3.bucket}`,
      keeps: "pictures",
      isThere: async (waiting) => (await import("#kit/s3/wait.ts")).awaitBucket({ settings: s3, ...waiting }),
    });
  if (kafka !== undefined)
    engines.push({
      name: "Kafka",
      place: kafka.brokers.join(","),
      keeps: "events",
      isThere: async (waiting) => (await import("#kit/kafka/wait.ts")).awaitKafka({ settings: kafka, ...waiting }),
    });
  return engines;
}

/**
 * Waits for a moment until each is there.
 * @throws StartError of the first in the list that is not
 */
export async function awaitOutsideEngines(engines: readonly OutsideEngine[], log: Logger, signal: AbortSignal) {
  const waiting = { log, signal, waitMs: WAIT_MS };
  const results = await Promise.allSettled(engines.map((it) => it.isThere(waiting)));
  for (const it of results) if (it.status === "rejected") throw it.reason;
}
