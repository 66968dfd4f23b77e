import { readFileSync } from "node:fs";
import type { BaseOptions, ConnectionPool } from "@platformatic/kafka";
import type { Logger } from "pino";
import { createEngine, type Engine } from "../engine.ts";
import type { Metrics } from "../metrics.ts";
import { StartError } from "../start-error.ts";
import { isAway, SilentKafkaError } from "./errors.ts";
import type { KafkaSettings } from "./settings.ts";

/** A Kafka cluster as a workload knows it. Nothing is connected before it is needed. */
export interface Kafka {
  readonly settings: KafkaSettings;
  readonly log: Logger;
  /** Whether it is there, by what is published and read, and by `watchKafka`. */
  readonly engine: Engine;
  /** What every client of the driver is made with. */
  readonly client: BaseOptions;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** Until a connection on which no answer comes is given up. */
const REQUEST_TIMEOUT_MS = 6_000;
/** What the broker itself may take to have a batch on all its replicas. */
const BROKER_TIMEOUT_MS = 5_000;
const RETRIES = 4;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 1_000;
const METADATA_AGE_MAX_MS = 5_000;

function readCa(path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`KAFKA_CA is ${JSON.stringify(path)}, but that file cannot be read (${code}).`);
  }
}

function connectionOf({ tls, sasl }: KafkaSettings): Pick<BaseOptions, "tls" | "sasl"> {
  const ca = readCa(tls?.caFile);
  return {
    ...(tls !== undefined && { tls: ca === undefined ? {} : { ca } }),
    ...(sasl !== undefined && { sasl }),
  };
}

/**
 * A cluster from its settings.
 * @throws StartError when a file that the settings name cannot be read
 */
export function createKafka(options: {
  readonly settings: KafkaSettings;
  /** The workload: what the brokers call the client in their logs and quotas. */
  readonly name: string;
  readonly log: Logger;
  readonly metrics?: Pick<Metrics, "registry">;
}): Kafka {
  const { settings, name, log, metrics } = options;
  if (settings.sasl?.mechanism === "PLAIN" && settings.tls === undefined)
    log.warn("KAFKA_SASL is plain without KAFKA_TLS: the password goes over the network in the clear");
  return {
    settings,
    log,
    engine: createEngine({
      name: "kafka",
      isAway,
      isSilent: (error) => error instanceof SilentKafkaError,
      log,
      ...(metrics && { metrics }),
    }),
    client: {
      clientId: `${settings.prefix}${name}`,
      bootstrapBrokers: [...settings.brokers],
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      timeout: BROKER_TIMEOUT_MS,
      retries: RETRIES,
      retryDelay: (_client, _operation, attempt) => Math.min(RETRY_MIN_MS * 2 ** (attempt - 1), RETRY_MAX_MS),
      metadataMaxAge: METADATA_AGE_MAX_MS,
      autocreateTopics: false,
      ...connectionOf(settings),
    },
  };
}

/**
 * Makes known to the engine what was learnt of Kafka beside its operations.
 * @param error that it is away, with this; without one: that it is there. What else an error says is no matter of the engine's
 */
export function tellEngine({ engine }: Kafka, error?: unknown): void {
  if (error !== undefined && !isAway(error)) return;
  engine.probe(() => (error === undefined ? Promise.resolve() : Promise.reject(error))).catch(() => {});
}

/**
 * Listens to the errors of a client's connections, which are told to who waits for an answer as well; the second one of a
 * connection would find no listener otherwise and end the process.
 */
export function guardConnections(connections: ConnectionPool): void {
  connections.on("connecting", ({ connection }: { connection: NodeJS.EventEmitter }) => {
    connection.on("error", () => {});
  });
}
