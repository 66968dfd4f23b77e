import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { createKafkaEventLog } from "#kit/events/event-log.kafka.ts";
import { createKafka } from "#kit/kafka/kafka.ts";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { testKafka, testMongo, testS3 } from "#kit/testing/engines/shared.ts";
import { eventually } from "#kit/testing/eventually.ts";
import type { TestMesh } from "#kit/testing/mesh.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { fillCart } from "../shop/testing/purchase.ts";
import { backlogIn } from "./backlog.ts";
import { shopPlace } from "./place.ts";
import { buy, type SamplePlace, samplePlace, startSample, useSample } from "./testing/sample-shop.ts";
import { runTool } from "./testing/tool.ts";

const TIMEOUT_MS = 180_000;
const log = pino({ level: "silent" });
let redis: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

async function emptyEngines(): Promise<SamplePlace> {
  const { brokers, prefix } = await testKafka();
  return samplePlace({
    POSTGRES_URL: await testPostgres(),
    MONGODB_URL: await testMongo(),
    REDIS_URL: redis.url,
    S3_URL: await testS3("minio"),
    KAFKA_BROKERS: brokers.join(","),
    KAFKA_TOPIC_PREFIX: prefix,
  });
}

const lampsSold = async (mesh: TestMesh) => {
  const { products } = await mesh.client(ProductService).listProducts({});
  return Number(products.find((it) => it.productId === "lamp")?.soldCount ?? 0);
};

it(
  "a shop that moves to Kafka hears of what was sold before and after, and leaves it only when all is handled",
  async () => {
    const laptop = await samplePlace({ POSTGRES_URL: await testPostgres() });
    const mesh = await startSample(laptop);
    const { buyer } = await useSample(mesh);
    await buy(mesh, buyer).finally(() => mesh.close());

    const engines = await emptyEngines();
    await runTool(["copy", "--from", laptop.file, "--to", engines.file]);
    const moved = await startSample(engines);
    try {
      await fillCart(moved, buyer, { lamp: 2 });
      await buy(moved, buyer);
      await eventually(async () => expect(await lampsSold(moved)).toBe(5));
    } finally {
      await moved.close();
    }

    const { settings } = shopPlace(engines.file, {});
    await eventually(async () => expect(await backlogIn(settings, log)).toBeUndefined());
    const back = await samplePlace({ POSTGRES_URL: await testPostgres() });
    await runTool(["copy", "--from", engines.file, "--to", back.file]);
    await runTool(["verify", "--from", engines.file, "--to", back.file]);

    // One that nobody has handled.
    if (settings.kafka === undefined) throw new Error("no Kafka");
    const events = createKafkaEventLog({ kafka: createKafka({ settings: settings.kafka, name: "test", log }) });
    const record = { eventId: randomUUID(), topic: "order-events", type: "shop.events.v1.OrderEvent", subject: "it" };
    await events.publish([{ ...record, payload: Buffer.of() }]);
    await events.close();
    const other = await samplePlace({ POSTGRES_URL: await testPostgres() });
    await expect(runTool(["copy", "--from", engines.file, "--to", other.file])).rejects.toThrow(
      /are in Kafka, and do not move: .* has 1 events of order-events before it/,
    );
  },
  TIMEOUT_MS,
);
