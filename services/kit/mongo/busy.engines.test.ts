import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type MongoSet, startMongo } from "../testing/engines/mongo.ts";
import { type Mongo, openMongo } from "./client.ts";

const MANY = 12;
const LONG_MS = 3_000;
const BUSY = "A store is too busy for the moment; try again.";

let set: MongoSet;
let mongo: Mongo;
const said: object[] = [];
beforeAll(async () => {
  set = await startMongo();
  const url = `${set.url}${set.url.includes("?") ? "&" : "?"}maxPoolSize=1&waitQueueTimeoutMS=200`;
  mongo = openMongo({ url, workload: "test", log: { warn: (fields: object) => void said.push(fields) } });
  await mongo.run(() => things().insertOne({ _id: "thing" }));
});
afterAll(async () => {
  await mongo?.close();
  await set?.close();
});

const things = () => mongo.collection<{ _id: string }>("things");
const find = () => things().findOne({ _id: "thing" });

it.each(["run", "read"] as const)(
  "a MongoDB whose connections are all in use is busy, and not away: %s",
  async (way) => {
    const slow = mongo[way](() => things().findOne({ $where: `sleep(${LONG_MS}) || true` }));
    await sleep(100);
    const others = await Promise.allSettled(Array.from({ length: MANY }, () => mongo[way](find)));
    const busy = { reason: "DEPENDENCY_UNAVAILABLE", message: BUSY };
    expect(others).toMatchObject(others.map(() => ({ status: "rejected", reason: busy })));
    await mongo.ping();
    expect(await slow).toMatchObject({ _id: "thing" });
    expect(await mongo[way](find)).toMatchObject({ _id: "thing" });
    expect(said).toEqual([]);
  },
);

it("a MongoDB that is frozen while its connections are in use is away, and not busy", async () => {
  await set.pause();
  const all = await Promise.allSettled(Array.from({ length: MANY }, () => mongo.run(find)));
  expect(all.map((it) => it.status === "rejected" && it.reason.message)).not.toContain(BUSY);
  await expect(mongo.run(find)).rejects.toMatchObject({ reason: "DEPENDENCY_UNAVAILABLE" });
  await expect(mongo.ping()).rejects.toThrow();
  expect(said).toHaveLength(1);
  await set.resume();
  await expect.poll(() => mongo.run(find).catch(() => undefined), { timeout: 30_000 }).toMatchObject({ _id: "thing" });
});
