import { pino } from "pino";
import { expect, it } from "vitest";
import { createMetrics } from "../metrics.ts";
import { openDatabase } from "../postgres/database.ts";
import { StartError } from "../start-error.ts";
import { testPostgres } from "../testing/postgres.ts";
import { eventsContract } from "./create-events.contract.ts";
import { migrateEvents } from "./create-events.ts";
import { createPostgresDeadLetters } from "./dead-letters.postgres.ts";
import { createPostgresEventLog } from "./event-log.postgres.ts";
import { startEvents } from "./start-events.ts";

const log = pino({ level: "silent" });

eventsContract(async (database) => ({
  open: () => ({
    eventLog: createPostgresEventLog({ database, log }),
    deadLetters: createPostgresDeadLetters(database),
  }),
  async letters(group) {
    const { rows } = await database.query<{ subject: string; attempts: number; error: string }>(
      "SELECT subject, attempts, error FROM dead_letters WHERE topic = 'user-events' AND group_name = $1 ORDER BY id",
      [group],
    );
    return rows;
  },
}));

it("starts on an empty database, again and again", async () => {
  const url = await testPostgres();
  const own = openDatabase({ url, schema: "fresh", log });
  for (let n = 0; n < 2; n++) {
    await migrateEvents({ url, schema: "fresh", log });
    const events = await startEvents({ database: own, metrics: createMetrics("test"), log });
    await events.close();
  }
  await own.close();
});

it("needs a place", async () => {
  await expect(startEvents({ metrics: createMetrics("test"), log })).rejects.toThrow(StartError);
});
