import type { Env } from "../env.ts";
import { StartError } from "../start-error.ts";

/** Where Kafka is, and how its topics are made. */
export interface KafkaSettings {
  /** "host:9092": some of the brokers; they name the others. */
  readonly brokers: readonly string[];
}

/** Reads `KAFKA_BROKERS`; undefined where it is not set. */
export function readKafka(env: Env): KafkaSettings | undefined {
  const value = env.KAFKA_BROKERS || undefined;
  if (value === undefined) return undefined;
  const brokers = value.split(",").map((it) => it.trim());
  const wrong = brokers.find((it) => !/^[^\s:/@]+:\d{1,5}$/.test(it));
  if (wrong !== undefined)
    throw new StartError(`KAFKA_BROKERS is ${JSON.stringify(value)}, not like host:9092,host:9092.`);
  return { brokers };
}
