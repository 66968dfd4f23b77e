import { boolean, type Env, integer, oneOf } from "../env.ts";
import { StartError } from "../start-error.ts";

/** Who this is to Kafka. */
export interface KafkaSasl {
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
  readonly username: string;
  readonly password: string;
}

/** Where Kafka is, and how its topics are made. */
export interface KafkaSettings {
  /** "host:9092": some of the brokers; they name the others. */
  readonly brokers: readonly string[];
  /** Undefined: in the clear. */
  readonly tls:
    | { /** A file of certificates in PEM, in addition to those Node trusts. */ readonly caFile: string | undefined }
    | undefined;
  readonly sasl: KafkaSasl | undefined;
  /** What the names of all topics and groups begin with, so that shops share a cluster. */
  readonly prefix: string;
  /** Of a topic that is made; one that is there keeps its own. */
  readonly partitions: number;
  /** Copies of each partition; undefined: three, or as many as there are brokers. */
  readonly replication: number | undefined;
  /** How long records are kept. */
  readonly retentionDays: number;
}

const NAME = "KAFKA_BROKERS";
const BROKERS_MAX = 32;
const PARTITIONS = 6;
const PARTITIONS_MAX = 1_000;
const REPLICATION_MAX = 9;
const RETENTION_DAYS = 7;
const RETENTION_DAYS_MAX = 3_650;
/** Kafka's names have 249 characters at most; what follows the prefix needs some of them. */
const PREFIX = /^[\w.-]{1,100}$/;
const BROKER = /^([^\s:/@]+|\[[\da-f:]+\]):\d{1,5}$/i;
const MECHANISMS = { plain: "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512" } as const;

function readBrokers(value: string): readonly string[] {
  const brokers = value.split(",").map((it) => it.trim());
  const wrong = brokers.find((it) => !BROKER.test(it));
  // What holds an @ may hold a password, so the sentence does not repeat it.
  if (wrong !== undefined)
    throw new StartError(
      `${NAME} ${value.includes("@") ? "" : `is ${JSON.stringify(value)}, `}must be like host:9092,host:9092, without a scheme or a user.`,
    );
  if (brokers.length > BROKERS_MAX) throw new StartError(`${NAME} names more than ${BROKERS_MAX} brokers.`);
  return brokers;
}

function readTls(env: Env): KafkaSettings["tls"] {
  const caFile = env.KAFKA_CA || undefined;
  if (boolean(env, "KAFKA_TLS", false)) return { caFile };
  if (caFile !== undefined) throw new StartError("KAFKA_CA is set, but KAFKA_TLS is not true.");
  return undefined;
}

function readSasl(env: Env): KafkaSasl | undefined {
  const username = env.KAFKA_USERNAME || undefined;
  const password = env.KAFKA_PASSWORD || undefined;
  if (!env.KAFKA_SASL) {
    if (username === undefined && password === undefined) return undefined;
    throw new StartError("KAFKA_USERNAME or KAFKA_PASSWORD is set, but KAFKA_SASL names no mechanism.");
  }
  const name = oneOf(env, "KAFKA_SASL", ["plain", "scram-sha-256", "scram-sha-512"] as const, "plain");
  if (username === undefined || password === undefined)
    throw new StartError(`KAFKA_SASL is ${name}, so KAFKA_USERNAME and KAFKA_PASSWORD must be set.`);
  return { mechanism: MECHANISMS[name], username, password };
}

/**
 * Reads `KAFKA_BROKERS` and what goes with it; undefined where it is not set.
 * @throws StartError with a sentence that names the variable and what it must be.
 */
export function readKafka(env: Env): KafkaSettings | undefined {
  const value = env[NAME] || undefined;
  if (value === undefined) return undefined;
  const prefix = env.KAFKA_TOPIC_PREFIX || "";
  if (prefix !== "" && !PREFIX.test(prefix))
    throw new StartError(
      `KAFKA_TOPIC_PREFIX is ${JSON.stringify(prefix)}, but it must be 1 to 100 letters, digits, dots, dashes and underscores.`,
    );
  return {
    brokers: readBrokers(value),
    tls: readTls(env),
    sasl: readSasl(env),
    prefix,
    partitions: integer(env, "KAFKA_PARTITIONS", PARTITIONS, 1, PARTITIONS_MAX),
    replication: env.KAFKA_REPLICATION ? integer(env, "KAFKA_REPLICATION", 1, 1, REPLICATION_MAX) : undefined,
    retentionDays: integer(env, "KAFKA_RETENTION_DAYS", RETENTION_DAYS, 1, RETENTION_DAYS_MAX),
  };
}
