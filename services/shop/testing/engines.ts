import { startRedis } from "#kit/testing/engines/redis.ts";
import { testKafka, testMongo, testPostgres15, testS3 } from "#kit/testing/engines/shared.ts";

/** The engines of one shop. */
export interface ShopEngines {
  /** The settings that lead services to them. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Each of the engines, with a place of this shop's own on it. */
export async function openShopEngines(): Promise<ShopEngines> {
  const [redis, mongodbUrl, s3Url, kafka, postgresUrl] = await Promise.all([
    startRedis(),
    testMongo(),
    testS3("minio"),
    testKafka(),
    testPostgres15(),
  ]);
  const env = {
    POSTGRES_URL: postgresUrl,
    MONGODB_URL: mongodbUrl,
    REDIS_URL: redis.url,
    S3_URL: s3Url,
    KAFKA_BROKERS: kafka.brokers.join(","),
    KAFKA_TOPIC_PREFIX: kafka.prefix,
  };
  return { env, close: () => redis.close() };
}
