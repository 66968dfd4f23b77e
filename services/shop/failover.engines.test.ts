import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startKafka } from "#kit/testing/engines/kafka.ts";
import { startMongo } from "#kit/testing/engines/mongo.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { testPostgres15, testS3 } from "#kit/testing/engines/shared.ts";
import { type Books, openBooks } from "./testing/books.ts";
import { checkInvariants } from "./testing/invariants.ts";
import { type Buyer, type Load, signUpBuyers, startLoad } from "./testing/load.ts";
import { type ReplicatedShop, startReplicas } from "./testing/replicas.ts";
import { createTestProduct, soldByEvents } from "./testing/shelf.ts";

// Three order replicas and two of each other service, on every engine; MongoDB as a set of three.

const START_MS = 240_000;
const TEST_MS = 240_000;
const BUYERS = 8;
const STOCK = 1_000_000;
const BEFORE_MS = 4_000;
const AFTER_MS = 6_000;
const KAFKA_AWAY_MS = 60_000;
/** Purchases that a shop makes in a minute at the very least, also on a machine that is busy with tests. */
const PURCHASES_IN_A_MINUTE = 50;
const COUNTED = { timeout: 90_000, interval: 500 };

let mongo: Awaited<ReturnType<typeof startMongo>>;
let redis: Awaited<ReturnType<typeof startRedis>>;
let kafka: Awaited<ReturnType<typeof startKafka>>;
let shop: ReplicatedShop;
let books: Books;
let buyers: Buyer[];

beforeAll(async () => {
  [mongo, redis, kafka] = await Promise.all([startMongo({ members: 3 }), startRedis(), startKafka()]);
  const [postgresUrl, s3Url] = await Promise.all([testPostgres15(), testS3("minio")]);
  shop = await startReplicas(
    { auth: 2, product: 2, cart: 2, image: 2, order: 3, api: 2 },
    {
      POSTGRES_URL: postgresUrl,
      MONGODB_URL: mongo.url,
      REDIS_URL: redis.url,
      S3_URL: s3Url,
      KAFKA_BROKERS: kafka.url,
    },
  );
  books = await openBooks({ postgresUrl, mongodbUrl: mongo.url });
  buyers = await signUpBuyers(shop, BUYERS);
}, START_MS);
afterAll(async () => {
  await books?.close();
  await shop?.close();
  await Promise.all([mongo?.close(), redis?.close(), kafka?.close()]);
});

/** Lets the buyers buy while something happens, and then checks that everything adds up. Answers how many pieces were sold. */
async function underLoad(productId: string, happening: (load: Load) => Promise<void>): Promise<number> {
  await createTestProduct(shop, productId, STOCK);
  const load = startLoad(shop, buyers, productId);
  const atStart = load.purchases();
  try {
    await sleep(BEFORE_MS);
    expect(load.purchases()).toBeGreaterThan(atStart);
    await happening(load);
    const before = load.purchases();
    await sleep(AFTER_MS);
    expect(load.purchases(), "nothing was sold afterwards").toBeGreaterThan(before);
  } finally {
    await load.stop();
  }
  expect(shop.died()).toEqual([]);
  return checkInvariants(shop, books, { productId, initialStock: STOCK, buyers });
}

describe("a shop of many processes on all engines", () => {
  it("loses and doubles nothing when MongoDB's primary is killed in the middle of load", {
    timeout: TEST_MS,
  }, async () => {
    await underLoad("failover", async () => {
      const primary = await mongo.primary();
      await primary.kill();
      await mongo.primary();
      await primary.restart();
    });
  });

  it("goes on selling while Kafka is stopped for a minute, and counts its sales right afterwards", {
    timeout: TEST_MS,
  }, async () => {
    const sold = await underLoad("unheard", async (load) => {
      const failures = load.failures.length;
      const before = load.purchases();
      await kafka.stop();
      await sleep(KAFKA_AWAY_MS);
      expect(load.purchases() - before).toBeGreaterThan(PURCHASES_IN_A_MINUTE);
      expect(load.failures.slice(failures)).toEqual([]);
      await kafka.restart();
    });
    await expect.poll(() => soldByEvents(shop, "unheard"), COUNTED).toBe(sold);
  });
});
