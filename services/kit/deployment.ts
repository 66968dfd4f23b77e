/** What a service needs of the cluster it runs in, as far as its contract does not say it: one `deployment.ts` a service. */
export interface Deployment {
  /** Where its data lives; decides which secret it gets and which store its network lets it reach. */
  readonly store: "postgres" | "none";
  /** What an engine of its own takes over from PostgreSQL, in a shop that has that engine. */
  readonly engines?: readonly EngineUse[];
  /** What one replica asks for, and where the kernel stops it; the CPU has no ceiling, so that a burst is not throttled. */
  readonly size: { readonly cpuMillis: number; readonly memoryMiB: number; readonly memoryMaxMiB: number };
  /** Settings that come from the service's Secret, beside those of its store, and what they are in dev, where nothing is secret. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Settings that are the same in every environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Plain HTTP beside the RPCs: paths below a prefix (or one exact path), and which workloads may ask for them. */
  readonly http?: readonly HttpPath[];
  /** Issues the access tokens: which path of `http` has the public keys that every workload checks them with. */
  readonly publishesKeys?: `/${string}`;
  /** What a replica's memory gains from seeing again: calls with the same path or of the same user go to the same one. */
  readonly affinity?: "path" | "user";
}

/** A part of what a service keeps, and the engine that it can live on. Redis for what all replicas share is every service's. */
export interface EngineUse {
  readonly keeps: "data" | "events";
  readonly on: "mongodb" | "redis" | "s3" | "kafka";
  /** Settings that are other ones then, beside the engine's own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Something that a service answers by plain HTTP. */
export interface HttpPath {
  /** "/images/": everything below; "/robots.txt": that alone. */
  readonly path: `/${string}`;
  /** Workloads; ["*"] for all of them. */
  readonly callers: readonly string[];
}
