import { setTimeout as sleep } from "node:timers/promises";
import type { Collection } from "mongodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type MongoSet, startMongo } from "../testing/engines/mongo.ts";
import { freePort } from "../testing/engines/ports.ts";
import { startTcpProxy, type TcpProxy } from "../testing/engines/proxy.ts";
import { isAway, isPoolBusy } from "./away.ts";
import { createClient } from "./client.ts";

const CUTS = 12;
const WORKERS = 48;
const DUPLICATE = 11_000;

interface Thing {
  readonly _id: string;
  readonly n: number;
}

let proxy: TcpProxy;
let set: MongoSet;
beforeAll(async () => {
  const port = await freePort();
  proxy = await startTcpProxy("127.0.0.1", port);
  set = await startMongo({ port, advertise: `127.0.0.1:${proxy.port}` });
});
afterAll(async () => {
  await proxy?.close();
  await set?.close();
});

const one = { $inc: { n: 1 } };
const OPERATIONS: readonly ((things: Collection<Thing>, _id: string) => Promise<unknown>)[] = [
  (things) => things.find({}).limit(50).toArray(),
  (things, _id) => things.findOneAndUpdate({ _id }, one, { upsert: true }),
  (things, _id) => things.bulkWrite([{ updateOne: { filter: { _id }, update: one, upsert: true } }]),
];

it("is what every error says of a network that is cut off in mid-load, again and again", {
  timeout: 120_000,
}, async () => {
  const client = createClient(set.url, "test");
  const things = client.db().collection<Thing>("things");
  const away = new Set<string>();
  const others: unknown[] = [];
  const over = new AbortController();
  const work = async (worker: number) => {
    while (!over.signal.aborted) {
      try {
        await OPERATIONS[worker % OPERATIONS.length]?.(things, `${worker % 5}`);
      } catch (error) {
        if (isAway(error)) away.add((error as Error).message);
        else if (!isPoolBusy(error) && (error as { code?: unknown }).code !== DUPLICATE) others.push(error);
        await sleep(5);
      }
    }
  };
  const working = Array.from({ length: WORKERS }, (_, worker) => work(worker));
  for (let cut = 0; cut < CUTS; cut++) {
    await sleep(200 + Math.random() * 300);
    await proxy.cutOff();
    await sleep(Math.random() * 150);
    await proxy.heal();
  }
  over.abort();
  await Promise.all(working);
  await client.close();
  expect(others).toEqual([]);
  expect(away.size).toBeGreaterThan(0);
});
