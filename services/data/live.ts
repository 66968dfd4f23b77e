import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "#kit/log.ts";
import { APPLICATION_NAME, type PostgresSession } from "#kit/portable/session.ts";
import type { Settings } from "#kit/settings.ts";

/** Who is connected to a shop's engines. */
export interface Connected {
  /** "order", "product"; what has only a connection to Redis is not known by name. */
  readonly live: readonly string[];
  /** Services of which the engine does not let us know. */
  readonly unseen: readonly string[];
}

/** An engine that can be asked; undefined: it does not let us know. */
interface Asked {
  isServed(): Promise<boolean | undefined>;
}

const PREFIX = "shopmesh-";
const ON_REDIS = "a process on Redis";
/** A connection that was closed a moment ago may still be listed: who is seen is looked for again, after pauses. */
const LOOKS_MAX = 4;
const PAUSE_MS = 250;

// Not all have one there: product, cart and image need none when other engines keep what is theirs.
const LIVE = `
  SELECT DISTINCT application_name AS name FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE '${PREFIX}%' AND application_name <> '${APPLICATION_NAME}'
  ORDER BY 1`;

async function stillServed(engine: Asked): Promise<boolean | undefined> {
  for (let look = 1; ; look++) {
    const isServed = await engine.isServed();
    if (isServed !== true || look === LOOKS_MAX) return isServed;
    await sleep(PAUSE_MS);
  }
}

// The drivers are loaded where they are needed.
async function servedByMongo(url: string): Promise<boolean | undefined> {
  const { openBareMongo } = await import("#kit/mongo/bare.ts");
  const mongo = openBareMongo(url, "product");
  return stillServed(mongo).finally(() => mongo.close());
}

async function servedByRedis(settings: NonNullable<Settings["redis"]>): Promise<boolean | undefined> {
  const { openBareRedis } = await import("#kit/redis/bare.ts");
  const redis = await openBareRedis(settings);
  return stillServed(redis).finally(() => redis.close());
}

/** The services that are connected to a shop's engines at this moment. Those that cannot be seen are told of in the log. */
export async function liveServices(shop: {
  readonly postgres: PostgresSession;
  readonly settings: Pick<Settings, "mongodbUrl" | "redis">;
  readonly log: Pick<Logger, "warn">;
}): Promise<Connected> {
  const { postgres, settings, log } = shop;
  const { rows } = await postgres.query<{ name: string }>(LIVE);
  const live = new Set(rows.map((it) => it.name.slice(PREFIX.length)));
  const unseen: string[] = [];
  const note = (service: string, name: string, isServed: boolean | undefined) => {
    if (isServed) live.add(name);
    if (isServed !== undefined) return;
    unseen.push(service);
    log.warn(`whether ${service} runs cannot be seen: its engine does not let this user know; see that it is stopped`);
  };
  if (settings.mongodbUrl !== undefined) note("product", "product", await servedByMongo(settings.mongodbUrl));
  if (settings.redis !== undefined) note("cart", ON_REDIS, await servedByRedis(settings.redis));
  return { live: [...live], unseen };
}
