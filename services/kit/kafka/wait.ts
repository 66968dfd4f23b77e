import { setTimeout as sleep } from "node:timers/promises";
import { Admin } from "@platformatic/kafka";
import type { Logger } from "pino";
import { StartError } from "../start-error.ts";
import { isAway, within } from "./errors.ts";
import { createKafka, guardConnections } from "./kafka.ts";
import type { KafkaSettings } from "./settings.ts";

/** What to wait for, and how long. */
export interface KafkaWait {
  readonly settings: KafkaSettings;
  readonly log: Logger;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal;
  readonly waitMs: number;
}

const TRY_MS = 3_000;
const PAUSE_MS = 500;

/**
 * Waits until a broker answers, for a person who wants to know that Kafka is there; services do not wait for it.
 * @throws StartError when none does within the time, or when they refuse us
 */
export async function awaitKafka({ settings, log, signal, waitMs }: KafkaWait): Promise<void> {
  const at = `The Kafka of KAFKA_BROKERS (${settings.brokers.join(",")})`;
  const kafka = createKafka({ settings, name: "start", log });
  const startMs = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    const admin = new Admin({ ...kafka.client, retries: 0 });
    guardConnections(admin.connections);
    try {
      return void (await within(TRY_MS, "looking for the brokers", admin.metadata({ topics: [] })));
    } catch (error) {
      const reason = (error as Error).message.replace(/\.$/, "");
      if (!isAway(error)) throw new StartError(`${at} refuses the connection: ${reason}.`);
      const waitedMs = performance.now() - startMs;
      if (waitedMs >= waitMs)
        throw new StartError(`${at} did not answer within ${Math.round(waitedMs / 1_000)} seconds: ${reason}.`);
      await sleep(PAUSE_MS, undefined, signal && { signal });
    } finally {
      void Promise.resolve(admin.close()).catch(() => {});
    }
  }
}
