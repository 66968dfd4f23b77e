import { baseUrls, boolean, type Env, email, integer, oneOf, password, url } from "./env.ts";
import { type IdentitySettings, readIdentity } from "./identity/settings.ts";
import { type KafkaSettings, readKafka } from "./kafka/settings.ts";
import { refuseKnownPasswords } from "./known-passwords.ts";
import { readMongo } from "./mongo/settings.ts";
import { type PostgresSettings, readPostgres } from "./postgres/settings.ts";
import { type RedisSettings, readRedis } from "./redis/settings.ts";
import { readS3, type S3Settings } from "./s3/settings.ts";
import { StartError } from "./start-error.ts";

/** Where the process runs; decides defaults such as the log format, never a feature. */
export type Environment = "dev" | "qat" | "uat" | "prod";

/** The port each workload listens on unless its own variable (`PRODUCT_PORT`, …) says otherwise. */
export const DEFAULT_PORTS = {
  api: 3000,
  product: 3001,
  auth: 3002,
  order: 3003,
  cart: 3004,
  image: 3005,
  edge: 8080,
} as const;

/** A process of the mesh: one of the services, or the browser-facing edge. */
export type Workload = keyof typeof DEFAULT_PORTS;

/** Everything that can be set from outside, checked. Read once at start-up; nothing else reads the environment. */
export interface Settings {
  readonly environment: Environment;
  /** Where the laptop keeps its database and pictures. */
  readonly dataDir: string;
  /** The port of each workload; 0 picks a free one. */
  readonly ports: Readonly<Record<Workload, number>>;
  /**
   * Where other workloads reach a workload, if not on this machine: `PRODUCT_URL`, …; several base URLs, separated by
   * commas, are replicas that calls are balanced over.
   */
  readonly urls: Readonly<Partial<Record<Workload, string>>>;
  /** The port of the process that serves the web app's files alone. */
  readonly webPort: number;
  /** The public address of a shop, for programs that use it from outside. */
  readonly shopUrl: string | undefined;
  /** The host where that address is found, where DNS does not know its name. */
  readonly shopAddress: string | undefined;
  /** Where pictures are kept. */
  readonly imageStore: "disk" | "postgres" | "s3";
  /** Whether services describe themselves to tools (gRPC reflection). */
  readonly enableReflection: boolean;
  /** The address to listen on. */
  readonly host: string;
  /** A PostgreSQL of one's own instead of the embedded one. */
  readonly postgresUrl: string | undefined;
  /** How PostgreSQL is used. */
  readonly postgres: PostgresSettings;
  /** MongoDB, for the catalogue; PostgreSQL has it otherwise. */
  readonly mongodbUrl: string | undefined;
  /** Redis, for carts and what replicas share; PostgreSQL has the carts otherwise. */
  readonly redis: RedisSettings | undefined;
  /** An S3, for pictures. */
  readonly s3: S3Settings | undefined;
  /** Kafka, for events; PostgreSQL has them otherwise. */
  readonly kafka: KafkaSettings | undefined;
  readonly adminEmail: string;
  /** Unset: made up and printed once. */
  readonly adminPassword: string | undefined;
  readonly logLevel: string;
  readonly enableMetrics: boolean;
  /** Ships and delivers orders by itself, so that a demo has something to show. */
  readonly simulateFulfilment: boolean;
  /** Seconds between the steps of the simulated fulfilment. */
  readonly fulfilmentStepSeconds: number;
  /** Loads the demo catalogue on the first start. */
  readonly demoCatalogue: boolean;
  /** How workloads know each other. */
  readonly identity: IdentitySettings;
  /**
   * Whether calls are held to who may make them. Switched off only to see what the mesh alone refuses.
   */
  readonly contractCheck: boolean;
  /** Milliseconds between "not ready" and closing the port, so that load balancers notice first. */
  readonly shutdownDelayMs: number;
}

/** @throws StartError where unchecked calls could do harm */
function readContractCheck(env: Env, environment: Environment): boolean {
  const isOn = oneOf(env, "CONTRACT_CHECK", ["on", "off"] as const, "on") === "on";
  if (!isOn && environment !== "dev")
    throw new StartError(
      `CONTRACT_CHECK is "off", but that is only for tests: ENVIRONMENT must be dev, not ${environment}.`,
    );
  return isOn;
}

/** @throws StartError where pictures are to be in an S3 of which nothing is known */
function readImageStore(env: Env, s3: S3Settings | undefined): Settings["imageStore"] {
  const kind = oneOf(env, "IMAGE_STORE", ["disk", "postgres", "s3"] as const, s3 === undefined ? "disk" : "s3");
  if (kind === "s3" && s3 === undefined)
    throw new StartError("IMAGE_STORE is s3, but S3_URL is not set: it says where the S3 is.");
  return kind;
}

/** @throws StartError for a base URL that workloads with TLS of their own do not answer at */
function checkScheme(name: string, baseUrls: string, identity: IdentitySettings): void {
  if (identity.kind === "tls" && baseUrls.split(",").some((it) => !it.startsWith("https://")))
    throw new StartError(`${name} must begin with https://, since TLS_CERT is set.`);
}

const PORT_MAX = 65_535;

/**
 * Reads and checks all settings.
 * @throws StartError with a sentence that names the variable and what it must be.
 */
export function readSettings(env: Env): Settings {
  const workloads = Object.keys(DEFAULT_PORTS) as Workload[];
  const variable = (workload: Workload, suffix: string) => `${workload.toUpperCase()}_${suffix}`;
  const ports = Object.fromEntries(
    workloads.map((it) => [it, integer(env, variable(it, "PORT"), DEFAULT_PORTS[it], 0, PORT_MAX)]),
  ) as Record<Workload, number>;
  for (const [index, workload] of workloads.entries()) {
    const twin = workloads.slice(0, index).find((it) => ports[it] !== 0 && ports[it] === ports[workload]);
    if (twin !== undefined) {
      throw new StartError(
        `${variable(twin, "PORT")} and ${variable(workload, "PORT")} are both ${ports[workload]}; give each service a port of its own.`,
      );
    }
  }
  const urls: Partial<Record<Workload, string>> = {};
  for (const workload of workloads) {
    const value = baseUrls(env, variable(workload, "URL"));
    if (value !== undefined) urls[workload] = value;
  }
  const identity = readIdentity(env);
  for (const [name, value] of Object.entries(urls)) checkScheme(variable(name as Workload, "URL"), value, identity);
  const environment = oneOf(env, "ENVIRONMENT", ["dev", "qat", "uat", "prod"] as const, "dev");
  const dev = environment === "dev";
  if (!dev) refuseKnownPasswords(env, environment);
  const s3 = readS3(env);
  const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
  return {
    environment,
    ports,
    urls,
    dataDir: env.DATA_DIR || ".data",
    webPort: integer(env, "WEB_PORT", 8080, 0, PORT_MAX),
    shopUrl: url(env, "SHOP_URL", ["http", "https"]),
    shopAddress: env.SHOP_ADDRESS || undefined,
    imageStore: readImageStore(env, s3),
    enableReflection: boolean(env, "ENABLE_REFLECTION", dev || environment === "qat"),
    host: env.HOST || (dev ? "127.0.0.1" : "0.0.0.0"),
    postgresUrl: url(env, "POSTGRES_URL", ["postgres", "postgresql"]),
    postgres: readPostgres(env),
    mongodbUrl: readMongo(env),
    redis: readRedis(env),
    s3,
    kafka: readKafka(env),
    adminEmail: email(env, "ADMIN_EMAIL", "admin@shopmesh.example"),
    adminPassword: password(env, "ADMIN_PASSWORD"),
    logLevel: oneOf(env, "LOG_LEVEL", levels, dev ? "warn" : "info"),
    enableMetrics: boolean(env, "ENABLE_METRICS", true),
    simulateFulfilment: boolean(env, "SIMULATE_FULFILMENT", dev),
    fulfilmentStepSeconds: integer(env, "FULFILMENT_STEP_SECONDS", 15, 1, 86_400),
    demoCatalogue: boolean(env, "DEMO_CATALOGUE", dev),
    identity,
    contractCheck: readContractCheck(env, environment),
    shutdownDelayMs: integer(env, "SHUTDOWN_DELAY_MS", dev ? 0 : 5_000, 0, 60_000),
  };
}
