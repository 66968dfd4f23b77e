import { fileURLToPath } from "node:url";
import { pino } from "pino";
import type { UserEvent } from "#gen/shop/events/v1/user_event_pb.js";
import { openDatabase, type PostgresAccess } from "#kit/postgres/database.ts";
import { migrate } from "#kit/postgres/migrate.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { createPostgresStore } from "./store.postgres.ts";
import type { AuthStore } from "./store.ts";

/** A store over a database of its own, with the events it stored. */
export interface TestStore {
  readonly store: AuthStore;
  readonly events: UserEvent[];
  close(): Promise<void>;
}

/** In the test run's PostgreSQL, or in another one. */
export async function openTestStore(access?: PostgresAccess): Promise<TestStore> {
  const { url, ...rest } = access ?? { url: await testPostgres() };
  const [log, schema] = [pino({ level: "silent" }), "auth"];
  const dir = fileURLToPath(new URL("./migrations", import.meta.url));
  await migrate({ url: rest.directUrl ?? url, schema, dir, log });
  const database = openDatabase({ url, ...rest, schema, log });
  const events: UserEvent[] = [];
  const store = createPostgresStore(database, async (_, event) => {
    if (event.userId === UNTELLABLE) throw new Error("no outbox");
    events.push(event);
  });
  return { store, events, close: () => database.close() };
}

/** The user whose events cannot be stored. */
export const UNTELLABLE = "00000000-0000-4000-8000-000000000000";

/** A clock that stands still until told. */
export function testClock(startMs = Date.UTC(2026, 0, 1)) {
  let atMs = startMs;
  return {
    nowMs: () => atMs,
    pass: (ms: number) => {
      atMs += ms;
    },
  };
}
