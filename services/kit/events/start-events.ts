import type { Kafka } from "../kafka/kafka.ts";
import type { Database } from "../postgres/database.ts";
import { StartError } from "../start-error.ts";
import { createEvents, type EventsOptions, type RunningEvents } from "./create-events.ts";
import { createPostgresDeadLetters } from "./dead-letters.postgres.ts";
import { joinDeadLetters } from "./dead-letters.ts";
import { createPostgresEventLog } from "./event-log.postgres.ts";
import { createHandover } from "./handover.ts";

/** What a workload's events may stand on. */
export interface StartEventsOptions extends Pick<EventsOptions, "metrics" | "log"> {
  /** The workload's own, migrated; a workload that publishes needs one. */
  readonly database?: Database | undefined;
  /** Without it, events are in the same PostgreSQL. */
  readonly kafka?: Kafka | undefined;
}

/** Kafka's driver takes tens of MB: who has no Kafka shall not load it. */
async function startInKafka(
  kafka: Kafka,
  { database, metrics, log }: Omit<StartEventsOptions, "kafka">,
): Promise<RunningEvents> {
  const { createKafkaEventLog } = await import("./event-log.kafka.ts");
  const { createKafkaDeadLetters } = await import("./dead-letters.kafka.ts");
  const { watchKafka } = await import("../kafka/watch.ts");
  const eventLog = createKafkaEventLog({ kafka, metrics });
  const deadLetters = createKafkaDeadLetters({ kafka });
  const fromBefore = database && {
    deadLetters: joinDeadLetters(deadLetters, [createPostgresDeadLetters(database)]),
    handover: createHandover({ database, to: eventLog, log }),
  };
  const events = await createEvents({ database, eventLog, deadLetters, ...fromBefore, metrics, log });
  const watch = watchKafka(kafka);
  return {
    ...events,
    async close() {
      await Promise.all([watch.close(), events.close()]);
    },
  };
}

/**
 * Starts relaying and handling. What PostgreSQL's event log and dead letters still hold from before there was Kafka is
 * carried over. Kafka need not be there yet.
 * @throws StartError where there is neither Kafka nor a database
 */
export async function startEvents({ database, kafka, metrics, log }: StartEventsOptions): Promise<RunningEvents> {
  if (kafka !== undefined) return startInKafka(kafka, { database, metrics, log });
  if (database === undefined)
    throw new StartError("Events need a place: set KAFKA_BROKERS to host:9092, or give them a database in PostgreSQL.");
  return createEvents({
    database,
    eventLog: createPostgresEventLog({ database, log }),
    deadLetters: createPostgresDeadLetters(database),
    metrics,
    log,
  });
}
