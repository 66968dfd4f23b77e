import { startKafka } from "#kit/testing/engines/kafka.ts";
import { startMongo } from "#kit/testing/engines/mongo.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { startMinio } from "#kit/testing/engines/s3.ts";
import type { ShopOptions } from "./running-shop.ts";

/** Starts one real server of each engine besides PostgreSQL, installing what is missing. */
export async function startEngines(): Promise<NonNullable<ShopOptions["engines"]> & { stop(): Promise<void> }> {
  const [mongo, redis, s3, kafka] = await Promise.all([
    startMongo({ members: 1 }),
    startRedis(),
    startMinio(),
    startKafka(),
  ]);
  return {
    env: { MONGODB_URL: mongo.url, REDIS_URL: redis.url, S3_URL: s3.url, KAFKA_BROKERS: kafka.url },
    programs: new Map([
      ["MongoDB", mongo.members[0]?.pid ?? 0],
      ["Redis", redis.pid],
      ["MinIO", s3.pid],
      ["Kafka", kafka.members[0]?.pid ?? 0],
    ]),
    stop: async () => void (await Promise.all([mongo, redis, s3, kafka].map((it) => it.close()))),
  };
}
