import { randomUUID } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OrderEventSchema } from "#gen/shop/events/v1/order_event_pb.js";
import { type UserEvent, UserEventSchema } from "#gen/shop/events/v1/user_event_pb.js";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { PictureSchema } from "#gen/shop/type/v1/picture_pb.js";
import { callFailure } from "../failure.ts";
import { createMetrics } from "../metrics.ts";
import { type Database, openDatabase } from "../postgres/database.ts";
import { eventually } from "../testing/eventually.ts";
import { testPostgres } from "../testing/postgres.ts";
import { createEvents, migrateEvents, type RunningEvents } from "./create-events.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { EventLog } from "./event-log.ts";

/** What events are joined from, in a place of its own for each test. */
export interface EventsPlace {
  /** Another replica's. */
  open(): { readonly eventLog: EventLog; readonly deadLetters: DeadLetters };
  /** What a group has set aside of the user events. */
  letters(group: string): Promise<{ readonly subject: string; readonly attempts: number; readonly error: string }[]>;
}

const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });
const retry = { attemptsMax: 3, pauseMs: 1 };

function userEvent(displayName: string, init: MessageInitShape<typeof UserEventSchema> = {}): UserEvent {
  return create(UserEventSchema, {
    eventId: randomUUID(),
    event: { case: "profileUpdated", value: { displayName } },
    ...init,
  });
}

const nameOf = (event: UserEvent) => (event.event.case === "profileUpdated" ? event.event.value.displayName : "");

/** What events promise, wherever they are. */
export function eventsContract(createPlace: (database: Database) => Promise<EventsPlace>): void {
  let database: Database;
  let place: EventsPlace;
  let own: ReturnType<EventsPlace["open"]>;
  let running: RunningEvents[];

  beforeEach(async () => {
    const url = await testPostgres();
    await migrateEvents({ url, schema: "test", log });
    database = openDatabase({ url, schema: "test", log });
    place = await createPlace(database);
    own = place.open();
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((it) => it.close()));
    await own.eventLog.close();
    await own.deadLetters.close();
    await database.close();
  });

  /**
   * Another replica; `publish` replaces the log's. Its subscriptions have looked for dead letters when they are made: on a
   * busy machine that may be so late that they find those of the test.
   */
  async function open(publish?: EventLog["publish"]): Promise<RunningEvents> {
    const { eventLog, deadLetters } = place.open();
    const replays: Promise<unknown>[] = [];
    const replay: DeadLetters["replay"] = (...letters) => {
      const replayed = deadLetters.replay(...letters);
      replays.push(replayed);
      return replayed;
    };
    const events = await createEvents({
      database,
      eventLog: publish ? { ...eventLog, publish } : eventLog,
      deadLetters: { ...deadLetters, replay },
      metrics: createMetrics("test"),
      log,
      retry,
    });
    running.push(events);
    const subscribe: RunningEvents["subscribe"] = async (...subscription) => {
      await events.subscribe(...subscription);
      await Promise.allSettled(replays);
    };
    return { ...events, subscribe };
  }

  function append(events: RunningEvents, event: UserEvent, subject = "user-1"): Promise<void> {
    return database.transaction((tx) => events.append(tx, UserEventSchema, event, subject));
  }

  async function collect(events: RunningEvents, group = "group"): Promise<UserEvent[]> {
    const seen: UserEvent[] = [];
    await events.subscribe(UserEventSchema, group, async ({ event }) => void seen.push(event));
    return seen;
  }

  async function outboxCount(): Promise<number> {
    const { rows } = await database.query<{ count: number }>("SELECT count(*) FROM outbox");
    return rows[0]?.count ?? -1;
  }

  describe("the outbox", () => {
    it("publishes what a transaction commits, as it was, and keeps nothing", async () => {
      const events = await open();
      const seen = await collect(events);
      const event = userEvent("Ada");
      await append(events, event);
      await eventually(() => expect(seen).toEqual([event]));
      await eventually(async () => expect(await outboxCount()).toBe(0));
    });

    it("publishes nothing of a transaction that is rolled back", async () => {
      const events = await open();
      const seen = await collect(events);
      const failing = database.transaction(async (tx) => {
        await events.append(tx, UserEventSchema, userEvent("never"), "user-1");
        throw new Error("roll back");
      });
      await expect(failing).rejects.toThrow("roll back");
      await append(events, userEvent("after"));
      await eventually(() => expect(seen.map(nameOf)).toEqual(["after"]));
    });

    it("publishes what it finds at its start", async () => {
      const first = await open();
      await first.close();
      await append(first, userEvent("left behind"));
      const seen = await collect(await open());
      await eventually(() => expect(seen.map(nameOf)).toEqual(["left behind"]));
    });

    it("publishes twice, under the same id, when it dies between publishing and forgetting, and never loses", async () => {
      let crashes = 0;
      const events = await open(async (records) => {
        await own.eventLog.publish(records);
        if (crashes++ === 0) throw new Error("crash");
      });
      const seen = await collect(events);
      const event = userEvent("twice");
      await append(events, event);
      await eventually(() => expect(seen).toEqual([event, event]));
      await eventually(async () => expect(await outboxCount()).toBe(0));
    });

    it("keeps the order of each subject with several relays and writers", async () => {
      const replicas = [await open(), await open()];
      const seen = new Map<string, number[]>();
      await replicas[0]?.subscribe(UserEventSchema, "group", async ({ event, subject }) => {
        seen.set(subject, [...(seen.get(subject) ?? []), Number(nameOf(event))]);
      });
      const subjects = ["a", "b", "c", "d"];
      const numbers = Array.from({ length: 15 }, (_, n) => n);
      const write = async (subject: string) => {
        for (const n of numbers) await append(replicas[n % 2] as RunningEvents, userEvent(`${n}`), subject);
      };
      await Promise.all(subjects.map(write));
      await eventually(() =>
        expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(subjects.map((it) => [it, numbers]))),
      );
    });

    it("orders transactions on one subject by their commits", async () => {
      const events = await open();
      const seen = await collect(events);
      let second: Promise<void> | undefined;
      await database.transaction(async (tx) => {
        await events.append(tx, UserEventSchema, userEvent("first"), "user-1");
        // Has to wait for this transaction to end.
        second = append(events, userEvent("second"));
        await append(events, userEvent("elsewhere"), "user-2");
        await eventually(() => expect(seen.map(nameOf)).toEqual(["elsewhere"]));
      });
      await second;
      await eventually(() => expect(seen.map(nameOf)).toEqual(["elsewhere", "first", "second"]));
    });

    it.each([
      ["an event id that is no UUID", UserEventSchema, userEvent("x", { eventId: "1" }), /UUID/],
      ["a message without a topic", PictureSchema, create(PictureSchema), /topic|UUID/],
      ["an event that is too large", UserEventSchema, userEvent("x".repeat(1024 * 1024)), /bytes/],
    ])("refuses %s", async (_, schema, event, message) => {
      const events = await open();
      await expect(
        database.transaction((tx) => events.append(tx, schema as typeof UserEventSchema, event as UserEvent, "s")),
      ).rejects.toThrow(message);
    });
  });

  describe("a subscription", () => {
    it("tries a failing event again, sets it aside, and goes on", async () => {
      const events = await open();
      const seen: string[] = [];
      await events.subscribe(UserEventSchema, "group", async ({ event, attempt }) => {
        seen.push(`${nameOf(event)} ${attempt}`);
        if (nameOf(event) === "poison" || (nameOf(event) === "shaky" && attempt === 1))
          throw new Error(`no ${nameOf(event)}`);
      });
      for (const name of ["shaky", "poison", "good"]) await append(events, userEvent(name));
      await eventually(() =>
        expect(seen).toEqual(["shaky 1", "shaky 2", "poison 1", "poison 2", "poison 3", "good 1"]),
      );
      expect(await place.letters("group")).toEqual([
        { subject: "user-1", attempts: 3, error: expect.stringContaining("no poison") },
      ]);
    });

    it("does not set an event aside because something that the handler needs is away", async () => {
      const events = await open();
      const seen: string[] = [];
      await events.subscribe(UserEventSchema, "group", async ({ event }) => {
        seen.push(nameOf(event));
        if (seen.length <= retry.attemptsMax + 1) throw callFailure(ErrorReason.DEPENDENCY_UNAVAILABLE, "not there");
      });
      await append(events, userEvent("first"));
      await append(events, userEvent("second"));
      await eventually(() => expect(seen).toEqual(["first", "first", "first", "first", "first", "second"]));
      expect(await place.letters("group")).toEqual([]);
    });

    it("replays what was set aside, for its group alone and in order; what fails again stays with the rest of its subject", async () => {
      const events = await open();
      const other = await collect(events, "other");
      let broken = (_: string) => true;
      const seen: string[] = [];
      await events.subscribe(UserEventSchema, "group", async ({ event, subject }) => {
        if (broken(subject)) throw new Error("broken");
        seen.push(nameOf(event));
      });
      await append(events, userEvent("a1"), "a");
      await append(events, userEvent("b1"), "b");
      await append(events, userEvent("a2"), "a");
      await append(events, userEvent("b2"), "b");
      await eventually(async () => expect((await place.letters("group")).length).toBe(4));
      broken = (subject) => subject === "a";
      expect(await events.replayDeadLetters(UserEventSchema, "group")).toEqual({ handled: 2, failed: 1 });
      expect([seen, (await place.letters("group")).length]).toEqual([["b1", "b2"], 2]);
      broken = () => false;
      expect(await events.replayDeadLetters(UserEventSchema, "group")).toEqual({ handled: 2, failed: 0 });
      expect([seen, (await place.letters("group")).length]).toEqual([["b1", "b2", "a1", "a2"], 0]);
      expect(other.length).toBe(4);
    });

    it("tries what was set aside once more when the service starts with a mended handler", async () => {
      const events = await open();
      await events.subscribe(UserEventSchema, "group", () => Promise.reject(new Error("not mended yet")));
      await append(events, userEvent("set aside"));
      await eventually(async () => expect((await place.letters("group")).length).toBe(1));
      await events.close();
      const seen = await collect(await open());
      await eventually(() => expect(seen.map(nameOf)).toEqual(["set aside"]));
      await eventually(async () => expect((await place.letters("group")).length).toBe(0));
    });

    it("handles an event again, elsewhere, when it stops while trying again", async () => {
      const events = await open();
      let attempts = 0;
      await events.subscribe(UserEventSchema, "group", async () => {
        if (attempts++ === 0) void events.close();
        throw new Error("stopping");
      });
      await append(events, userEvent("unfinished"));
      await eventually(() => expect(attempts).toBeGreaterThan(0));
      await events.close();
      expect((await place.letters("group")).length).toBe(0);
      const seen = await collect(await open());
      await eventually(() => expect(seen.map(nameOf)).toEqual(["unfinished"]));
    });

    it("is refused a second time for the same group, and a replay without one", async () => {
      const events = await open();
      await collect(events);
      await expect(collect(events)).rejects.toThrow("already");
      await expect(events.replayDeadLetters(OrderEventSchema, "group")).rejects.toThrow("no order-events");
    });
  });
}
