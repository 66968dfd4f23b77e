import { fileURLToPath } from "node:url";
import { pino } from "pino";
import type { UserEvent } from "#gen/shop/events/v1/user_event_pb.js";
import { openDatabase } from "#kit/postgres/database.ts";
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

export async function openTestStore(): Promise<TestStore> {
  const [url, log, schema] = [await testPostgres(), pino({ level: "silent" }), "auth"];
  await migrate({ url, schema, dir: fileURLToPath(new URL("./migrations", import.meta.url)), log });
  const database = openDatabase({ url, schema, log });
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
