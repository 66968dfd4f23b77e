import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { Logger } from "pino";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { type Agents, createAgents } from "./client/agents.ts";
import { getJson } from "./client/get-json.ts";
import { createClients } from "./clients.ts";
import type { Events } from "./events/events.ts";
import { startEvents } from "./events/start-events.ts";
import { callFailure } from "./failure.ts";
import { createTokenVerifier, type FetchingVerifier, type JwkSet } from "./identity/access-token.ts";
import { createIdentities, type Identities } from "./identity/identities.ts";
import { createRevocations, type Revocations } from "./identity/revocations.ts";
import type { WorkloadIdentity } from "./identity/workload.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { type Served, servePlain } from "./plain-http.ts";
import { warnOfCapacity } from "./postgres/capacity.ts";
import { type Database, openDatabase } from "./postgres/database.ts";
import { isInClear } from "./postgres/tls.ts";
import type { ProcessRedis } from "./redis/process-redis.ts";
import type { Redis } from "./redis/redis.ts";
import { migrateSchema, type Schema } from "./schema.ts";
import { type ServeOptions, serve } from "./serve.ts";
import type { HttpHandler } from "./server/listen.ts";
import type { Settings, Workload } from "./settings.ts";
import { StartError } from "./start-error.ts";

/** What all workloads of a process share. */
export interface Shared {
  readonly settings: Settings;
  readonly log: Logger;
  readonly identities: Identities;
  readonly tokens: FetchingVerifier;
  /** Sessions that have ended. */
  readonly revocations: Revocations;
  /** Undefined where there is no Redis. */
  readonly redis: ProcessRedis | undefined;
  readonly postgresUrl: string;
  /** Where workloads are; those of this process write themselves in when their port is open. */
  readonly addresses: Map<string, string>;
  /** Aborted when the process shall end: what still waits for engines gives up. */
  readonly stopping?: AbortSignal;
  /** Lets go of what services used; they have stopped before. */
  close(): Promise<void>;
}

/** What a service is built with: everything it needs from outside, in its own name. */
export interface Kit {
  readonly workload: Workload;
  readonly settings: Settings;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Who this is to others, for parts that speak plain HTTP. */
  readonly identity: WorkloadIdentity;
  /** Aborted when the process shall end: what still waits for an engine at the start gives up. */
  readonly stopping: AbortSignal | undefined;
  /** A typed client of another service. */
  client<T extends DescService>(service: T, workload?: Workload): Client<T>;
  /** Where a workload is, or one of its replicas by chance: "http://127.0.0.1:3001". */
  addressOf(workload: string): string;
  /** The service's own schema, brought to the newest version. */
  postgres(schema: Schema): Promise<Database>;
  /**
   * The shop's Redis, once it answers.
   * @throws StartError where the settings name none, or it does not answer
   */
  redis(): Promise<Redis>;
  /** Sessions that have ended. */
  readonly revocations: Revocations;
  /**
   * Events of the service and of others; once for each service. Who publishes gives its own schema, which must say so;
   * who only listens needs none where there is Kafka. Handlers end before the database closes.
   * @throws StartError where there is neither Kafka nor a database
   */
  events(database?: Database): Promise<Events>;
  /** Opens the service's port. */
  serve(options: ServeOptions): Promise<void>;
  /** Opens the port for plain HTTP alone, for browsers, as the edge does; `/health` and `/ready` are answered beside it. */
  listen(handler: HttpHandler): Promise<void>;
  /** Something to stop when the service stops; last registered, first stopped. */
  onClose(close: () => Promise<void> | void): void;
}

/** Builds and starts one service; each service's `main.ts` exports one. */
export type Main = (kit: Kit) => Promise<void>;

/** A service that runs. */
export interface Running {
  readonly workload: Workload;
  readonly port: number;
  /** Says "not ready" from now on. */
  drain(): void;
  close(): Promise<void>;
}

const KEYS_TIMEOUT_MS = 1_000;

/** How workloads speak to each other. */
function schemeOf({ identity }: Settings): "http" | "https" {
  return identity.kind === "tls" ? "https" : "http";
}

function addressIn(addresses: ReadonlyMap<string, string>, settings: Settings) {
  return (workload: string): string => {
    const own = settings.urls[workload as Workload] ?? addresses.get(workload);
    if (own !== undefined) return own;
    const port = settings.ports[workload as Workload];
    if (port === undefined || port === 0)
      throw callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, `Nobody knows where "${workload}" is.`);
    return `${schemeOf(settings)}://127.0.0.1:${port}`;
  };
}

/** One base URL of those that a workload is at, for calls in plain HTTP. */
function oneOf(baseUrls: string): string {
  const all = baseUrls.split(",");
  return all[Math.floor(Math.random() * all.length)] ?? baseUrls;
}

/** What the workloads of a process share, from its settings. */
export async function createShared(options: {
  readonly settings: Settings;
  readonly log: Logger;
  readonly postgresUrl: string;
  /** Left out: as the settings say. */
  readonly identities?: Identities;
  /** Ends waiting for engines at the start. */
  readonly stopping?: AbortSignal;
}): Promise<Shared> {
  const { settings, log, stopping } = options;
  const addresses = new Map<string, string>();
  const addressOf = addressIn(addresses, settings);
  if (!settings.contractCheck)
    options.log.warn("CONTRACT_CHECK IS OFF: this process lets everybody make every call, for any user or none");
  const inClear = [settings.postgresUrl, settings.postgres.replicaUrl].some((it) => it !== undefined && isInClear(it));
  if (inClear && settings.environment !== "dev")
    options.log.warn(
      "POSTGRES_URL has no sslmode: what goes to PostgreSQL, passwords among it, can be read on the way; add sslmode=verify-full and sslrootcert",
    );
  const identities = options.identities ?? (await createIdentities(options));
  let agents: Agents | undefined;
  const fetchKeys = async () => {
    agents ??= createAgents(identities.tls);
    const url = new URL(`${oneOf(addressOf("auth"))}/.well-known/jwks.json`);
    return (await getJson({ agents, workload: "auth", url, timeoutMs: KEYS_TIMEOUT_MS })) as JwkSet;
  };
  // Calls wait for it: what is stuck once is asked for anew before their time is over.
  const tokens = createTokenVerifier(() => fetchKeys().catch(fetchKeys));
  const revocations = createRevocations(log);
  const durable = settings.environment !== "dev";
  const redis =
    settings.redis &&
    // The driver is loaded where it is used alone.
    (await import("./redis/process-redis.ts")).createProcessRedis({
      settings: settings.redis,
      revocations,
      log,
      durable,
      stopping,
    });
  const close = async () => redis?.close();
  return { ...options, identities, tokens, revocations, redis, addresses, close };
}

/** Starts one service of a process. If its start fails, what had been started is stopped again. */
export async function startService(shared: Shared, workload: Workload, main: Main): Promise<Running> {
  const { settings } = shared;
  const log = shared.log.child({ workload });
  const metrics = createMetrics(workload);
  const addressOf = addressIn(shared.addresses, settings);
  const identity = await shared.identities.of(workload);
  const clients = createClients({ identity, addressOf, retries: settings.identity.kind !== "istio" });
  const closers: (() => Promise<void> | void)[] = [() => clients.close()];
  let served: Served | undefined;
  const closeAll = async () => {
    const all = [...closers, () => served?.close()].toReversed();
    const errors: unknown[] = [];
    // One that fails must not keep the others open.
    for (const it of all)
      await Promise.resolve()
        .then(it)
        .catch((error: unknown) => void errors.push(error));
    if (errors.length > 0) throw errors[0];
  };
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= closeAll());
  const kit: Kit = {
    workload,
    settings,
    log,
    metrics,
    identity,
    stopping: shared.stopping,
    addressOf: (it) => oneOf(addressOf(it)),
    client: (service, at) => clients.client(service, at),
    async postgres(schema) {
      await migrateSchema({ url: settings.postgres.directUrl ?? shared.postgresUrl, name: workload, schema, log });
      const { postgres } = settings;
      const database = openDatabase({ url: shared.postgresUrl, ...postgres, schema: workload, log, metrics });
      closers.push(() => database.close());
      // Through a pooler one sees the pooler's connections.
      if (settings.postgresUrl !== undefined && postgres.pooler === "none")
        void warnOfCapacity(database, { poolMax: postgres.poolMax, log });
      return database;
    },
    async redis() {
      if (shared.redis === undefined) throw new StartError(`REDIS_URL is not set, but ${workload} needs it.`);
      return shared.redis.open({ log, metrics });
    },
    revocations: shared.revocations,
    async events(database) {
      const { kafka: settings } = shared.settings;
      const kafka =
        settings && (await import("./kafka/kafka.ts")).createKafka({ settings, name: workload, log, metrics });
      const events = await startEvents({ database, kafka, metrics, log });
      closers.push(() => events.close());
      return events;
    },
    async serve(options) {
      const deps = {
        ...shared,
        allowances: await shared.redis?.join({ log, metrics }),
        identity,
        workload,
        host: settings.host,
        port: settings.ports[workload],
        log,
        metrics,
        enableMetrics: settings.enableMetrics,
        enableReflection: settings.enableReflection,
        contractCheck: settings.contractCheck,
      };
      served = await serve(deps, options);
      shared.tokens.prepare();
      shared.addresses.set(workload, `${schemeOf(settings)}://127.0.0.1:${served.port}`);
    },
    async listen(handler) {
      const deps = { name: workload, host: settings.host, port: settings.ports[workload], log };
      served = await servePlain(deps, handler);
      shared.addresses.set(workload, `http://127.0.0.1:${served.port}`);
    },
    onClose: (it) => void closers.push(it),
  };
  try {
    await main(kit);
  } catch (error) {
    await close().catch((later: unknown) => log.error({ err: later }, "could not be stopped cleanly"));
    throw error;
  }
  return { workload, port: served?.port ?? 0, drain: () => served?.drain(), close };
}
