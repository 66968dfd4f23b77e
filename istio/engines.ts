import type { Deployment, EngineUse } from "#kit/deployment.ts";

/** An engine by its name, which it has as a host as well. */
export type Engine = "postgres" | EngineUse["on"];

/** What is known of an engine: the setting that says where it is, the port it usually listens on, and what people call it. */
interface EngineFacts {
  readonly variable: `${string}_URL` | "KAFKA_BROKERS";
  readonly port: number;
  readonly words: string;
}

/** All engines a shop may run on, in the order in which they are named. */
export const ENGINES: Readonly<Record<Engine, EngineFacts>> = {
  postgres: { variable: "POSTGRES_URL", port: 5432, words: "PostgreSQL" },
  mongodb: { variable: "MONGODB_URL", port: 27017, words: "MongoDB" },
  redis: { variable: "REDIS_URL", port: 6379, words: "Redis" },
  s3: { variable: "S3_URL", port: 9000, words: "an S3" },
  kafka: { variable: "KAFKA_BROKERS", port: 9092, words: "Kafka" },
};

const ALL = Object.keys(ENGINES) as Engine[];

/** The engines that something may be moved to. */
export const OPTIONAL_ENGINES: readonly Engine[] = ALL.filter((it) => it !== "postgres");
/** Nothing but PostgreSQL, which is enough. */
export const LEAN: ReadonlySet<Engine> = new Set(["postgres"]);
/** Each thing on the engine that is made for it. */
export const FULL: ReadonlySet<Engine> = new Set(ALL);

/** What replicas of whatever service share, where a shop has it: rate limits, revoked sessions. */
const SHARED: Engine = "redis";

const movedIn = ({ engines = [] }: Deployment, shop: ReadonlySet<Engine>) => engines.filter((it) => shop.has(it.on));

/** Whether something of a service is still PostgreSQL's: its data, or its events where it says it has any. */
function needsPostgres(deployment: Deployment, shop: ReadonlySet<Engine>): boolean {
  if (deployment.store === "none") return false;
  const moved = new Set(movedIn(deployment, shop).map((it) => it.keeps));
  const kept = new Set<EngineUse["keeps"]>(["data", ...(deployment.engines ?? []).map((it) => it.keeps)]);
  return [...kept].some((it) => !moved.has(it));
}

/**
 * The engines that a service uses in a shop that has these: exactly those whose addresses it is told and its network lets it
 * reach, in the order of ENGINES.
 */
export function enginesOf(deployment: Deployment, shop: ReadonlySet<Engine>): Engine[] {
  const used = new Set<Engine>(movedIn(deployment, shop).map((it) => it.on));
  if (needsPostgres(deployment, shop)) used.add("postgres");
  if (shop.has(SHARED)) used.add(SHARED);
  return ALL.filter((it) => used.has(it));
}

/** The settings of a service in a shop that has these engines, as far as they are no addresses. */
export function settingsIn(deployment: Deployment, shop: ReadonlySet<Engine>): Readonly<Record<string, string>> {
  return Object.assign({}, deployment.settings, ...movedIn(deployment, shop).map((it) => it.settings));
}
