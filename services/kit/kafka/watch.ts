import { setTimeout as sleep } from "node:timers/promises";
import { Admin, type Broker } from "@platformatic/kafka";
import { isAway, type KafkaError, SilentKafkaError, within } from "./errors.ts";
import { guardConnections, type Kafka, tellEngine } from "./kafka.ts";

/** Looks whether Kafka is there, until it is closed. */
export interface KafkaWatch {
  close(): Promise<void>;
}

/** Of a healthy cluster one broker answers a few bytes so often. */
const PERIOD_MS = 3_000;
const ASK_MAX_MS = 1_500;
/** A cluster goes on without one broker or the other; a next question goes to another broker, and soon. */
const FAILURES_MAX = 3;
const FAILURE_PAUSE_MS = 500;

const addressOf = ({ host, port }: Broker) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);

/** Asks one broker after another who the brokers are: the next one whenever one fails. */
function createQuestion({ settings, client }: Kafka) {
  let brokers: readonly string[] = settings.brokers;
  let admin: Admin | undefined;
  const open = () => {
    const opened = new Admin({ ...client, bootstrapBrokers: [...brokers] });
    guardConnections(opened.connections);
    return opened;
  };
  const drop = () => {
    const dropped = admin;
    admin = undefined;
    if (dropped !== undefined) void Promise.resolve(dropped.close()).catch(() => {});
  };
  return {
    async ask(): Promise<void> {
      admin ??= open();
      try {
        const asked = admin.metadata({ topics: [], forceUpdate: true, retries: 0 });
        const found = await within(ASK_MAX_MS, "looking for the brokers", asked);
        const others = [...found.brokers.values()].map(addressOf);
        brokers = [...new Set([...settings.brokers, ...others])];
      } catch (error) {
        drop();
        brokers = [...brokers.slice(1), ...brokers.slice(0, 1)];
        throw error;
      }
    },
    drop,
  };
}

/**
 * Tells the engine within some ten seconds that Kafka is away, and as soon that it is there again, also where nothing is
 * published or read meanwhile. What is published and read goes on telling it, too; that brokers answer here does not
 * contradict it, since they may do so and still take nothing.
 */
export function watchKafka(kafka: Kafka): KafkaWatch {
  const stopping = new AbortController();
  const { signal } = stopping;
  const question = createQuestion(kafka);
  let failures = 0;

  const look = async () => {
    try {
      await question.ask();
      if (failures > 0) tellEngine(kafka);
      failures = 0;
    } catch (error) {
      // A refusal is an answer; who publishes or reads logs it.
      failures = isAway(error) ? failures + 1 : 0;
      if (failures >= FAILURES_MAX && !signal.aborted) tellEngine(kafka, new SilentKafkaError(error as KafkaError));
    }
  };
  const loop = async () => {
    while (!signal.aborted) {
      await look();
      const pauseMs = failures > 0 && failures < FAILURES_MAX ? FAILURE_PAUSE_MS : PERIOD_MS;
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
    question.drop();
  };
  const ended = loop();
  return {
    async close() {
      stopping.abort();
      await ended;
    },
  };
}
