import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { type Mongo, openMongo } from "#kit/mongo/client.ts";
import { openSnapshot, type PostgresSession } from "#kit/portable/session.ts";
import { openBareRedis } from "#kit/redis/bare.ts";
import { openRedis } from "#kit/redis/connection.ts";
import { readRedis } from "#kit/redis/settings.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { testMongo } from "#kit/testing/engines/shared.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { liveServices } from "./live.ts";
import { shopPlace } from "./place.ts";
import { openToRead } from "./shop.ts";
import { samplePlace, startSample } from "./testing/sample-shop.ts";
import { runTool } from "./testing/tool.ts";

vi.setConfig({ testTimeout: 60_000 });

const log = pino({ level: "silent" });
let server: Awaited<ReturnType<typeof startRedis>>;
let mongodbUrl: string;
let postgresUrl: string;
let postgres: PostgresSession;

beforeAll(async () => {
  server = await startRedis();
  postgresUrl = await testPostgres();
  postgres = await openSnapshot(postgresUrl);
});
afterAll(async () => {
  await postgres?.close();
  await server?.close();
});
beforeEach(async () => {
  mongodbUrl = await testMongo();
});

const redisAt = (url: string, prefix = "shop") => {
  const settings = readRedis({ REDIS_URL: url, REDIS_PREFIX: prefix });
  if (settings === undefined) throw new Error("No URL");
  return settings;
};
const redisUrl = (path: string) => `${server.url.replace(/\/\d*$/, "")}/${path}`;
const look = (settings = redisAt(redisUrl("0"))) =>
  liveServices({ postgres, settings: { mongodbUrl, redis: settings }, log });

async function withProduct<T>(url: string, work: (mongo: Mongo) => Promise<T>): Promise<T> {
  const mongo = openMongo({ url, workload: "product", log });
  try {
    await mongo.ping();
    return await work(mongo);
  } finally {
    await mongo.close();
  }
}

async function withRedis<T>(settings: ReturnType<typeof redisAt>, work: () => Promise<T>): Promise<T> {
  const redis = openRedis(settings, settings.prefix, log);
  try {
    await vi.waitFor(() => redis.ping(), { timeout: 10_000 });
    return await work();
  } finally {
    redis.close();
  }
}

it("sees product by its connections to MongoDB, until they are closed, and no other shop's on the same server", async () => {
  const other = await testMongo();
  await withProduct(other, async () => expect(await look()).toEqual({ live: [], unseen: [] }));
  await withProduct(mongodbUrl, async () => expect(await look()).toEqual({ live: ["product"], unseen: [] }));
  expect(await look()).toEqual({ live: [], unseen: [] });
});

it("sees processes by their connections to Redis, and no other shop's there", async () => {
  const others = [redisAt(redisUrl("1")), redisAt(redisUrl("0"), "shop2")];
  for (const it of others) await withRedis(it, async () => expect(await look()).toEqual({ live: [], unseen: [] }));
  const own = redisAt(redisUrl("0"));
  await withRedis(own, async () => expect(await look()).toEqual({ live: ["a process on Redis"], unseen: [] }));
  expect(await look()).toEqual({ live: [], unseen: [] });
});

it("says whom it cannot see", async () => {
  const own = redisAt(redisUrl("0"));
  const { client, close } = await openBareRedis(own);
  await client.call("ACL", "SETUSER", "limited", "on", ">secret", "~*", "+@all", "-client|list");
  close();
  const warn = vi.fn();
  const redis = redisAt(redisUrl("0").replace("redis://", "redis://limited:secret@"));
  const seen = await liveServices({ postgres, settings: { mongodbUrl, redis }, log: { warn } });
  expect(seen).toEqual({ live: [], unseen: ["cart"] });
  expect(warn.mock.calls.flat().join("\n")).toMatch(/whether cart runs cannot be seen/);
});

it("MongoDB is read as it was at one moment, also where nobody was seen to run", async () => {
  const place = await samplePlace({ POSTGRES_URL: await testPostgres(), MONGODB_URL: mongodbUrl });
  await (await startSample(place)).close();
  const shop = await openToRead(shopPlace(place.file, {}), log);
  try {
    const products = shop.collections.find((it) => it.name === "product.products");
    expect(shop.live).toEqual([]);
    expect(await products?.count()).toBe(0);
    await withProduct(mongodbUrl, async (mongo) => {
      await mongo.collection("products").insertOne({ name: "too late" }, { bypassDocumentValidation: true });
    });
    expect(await products?.count()).toBe(0);
  } finally {
    await shop.close();
  }
});

it("a target that only product runs on is not written to", async () => {
  const from = await samplePlace({ POSTGRES_URL: await testPostgres() });
  await (await startSample(from)).close();
  const target = await samplePlace({ POSTGRES_URL: postgresUrl, MONGODB_URL: mongodbUrl, REDIS_URL: redisUrl("2") });
  await withProduct(mongodbUrl, async () => {
    const copying = runTool(["copy", "--from", from.file, "--to", target.file]);
    await expect(copying).rejects.toThrow(/Services run on .* \(product\): stop them first/);
  });
});
