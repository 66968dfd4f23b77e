import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Failure } from "../failure.ts";
import { type MongoSet, startMongo } from "../testing/engines/mongo.ts";
import { eventually } from "../testing/eventually.ts";
import { followChanges } from "./changes.ts";
import { type Mongo, openMongo } from "./client.ts";

const QUICK_MS = 500;
const LATE_MS = 6_000;
const log = pino({ level: "silent" });

let set: MongoSet;
let mongo: Mongo;
beforeAll(async () => {
  set = await startMongo();
  mongo = openMongo({ url: set.url, workload: "test", log });
  await mongo.ping();
});
afterAll(async () => {
  await mongo?.close();
  await set?.close();
});

let count = 0;
const write = () => mongo.run(() => mongo.collection<{ _id: string }>("things").insertOne({ _id: `thing-${count++}` }));

/** How an operation ends, and after how long. */
async function outcome(work: () => Promise<unknown>): Promise<{ reason: unknown; ms: number }> {
  const begunMs = performance.now();
  const reason = await work().then(
    () => "done",
    (error: unknown) => (error as { reason?: unknown }).reason ?? error,
  );
  return { reason, ms: performance.now() - begunMs };
}

const WAYS: readonly [name: string, away: () => Promise<void>, back: () => Promise<void>][] = [
  ["is stopped", () => set.stop(), () => set.restart()],
  ["is killed", () => set.kill(), () => set.restart()],
  ["is frozen", () => set.pause(), () => set.resume()],
];

describe("a MongoDB that", () => {
  it.each(WAYS)(
    "%s is away: operations are refused, soon at once, and it is there again by itself",
    async (_, away, back) => {
      const changed: string[] = [];
      const lost: true[] = [];
      const stop = await followChanges({
        ...{ mongo, collection: "things", pipeline: [], log },
        onChange: (id) => void changed.push(id),
        onLoss: () => void lost.push(true),
      });
      await write();
      await eventually(() => expect(changed).toContain(`thing-${count - 1}`));
      await away();
      // Until it is known for what it is.
      await expect
        .poll(
          async () => {
            const { reason, ms } = await outcome(write);
            expect(ms).toBeLessThan(LATE_MS);
            return reason === "DEPENDENCY_UNAVAILABLE" && ms < QUICK_MS;
          },
          { timeout: 30_000 },
        )
        .toBe(true);
      await expect(mongo.ping()).rejects.toThrow();
      await back();
      await expect.poll(async () => (await outcome(write)).reason, { timeout: 30_000 }).toBe("done");
      await mongo.ping();
      // Whoever follows its changes is told of what came after, or that something was missed.
      await expect
        .poll(() => changed.includes(`thing-${count - 1}`) || lost.length > 0, { timeout: 30_000 })
        .toBe(true);
      await sleep(100);
      const last = count;
      await write();
      await expect.poll(() => changed.includes(`thing-${last}`), { timeout: 30_000 }).toBe(true);
      await stop();
    },
    120_000,
  );

  it("refuses what is asked says so, and is not away", async () => {
    const twice = () => mongo.run(() => mongo.collection<{ _id: string }>("things").insertOne({ _id: "thing-0" }));
    const error = await twice().catch((it: unknown) => it);
    expect(error).toMatchObject({ code: 11000 });
    expect(error).not.toBeInstanceOf(Failure);
  });
});
