import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { testMongo, testS3 } from "#kit/testing/engines/shared.ts";
import type { TestMesh } from "#kit/testing/mesh.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { openBooks } from "../shop/testing/books.ts";
import { fillCart } from "../shop/testing/purchase.ts";
import {
  buy,
  cartOf,
  DESKS_ON_SALE,
  isSignedIn,
  type SampleDoings,
  type SamplePlace,
  samplePlace,
  startSample,
  useSample,
} from "./testing/sample-shop.ts";
import { runTool } from "./testing/tool.ts";

// A shop is started and moved several times.
vi.setConfig({ testTimeout: 180_000 });

let redis: Awaited<ReturnType<typeof startRedis>>;
let laptop: SamplePlace;
let engines: SamplePlace;
let doings: SampleDoings;

/** Settings of a shop on all engines, all of them empty. */
async function emptyEngines(database: number): Promise<SamplePlace> {
  return samplePlace({
    POSTGRES_URL: await testPostgres(),
    MONGODB_URL: await testMongo(),
    REDIS_URL: `${redis.url.replace(/\/\d*$/, "")}/${database}`,
    S3_URL: await testS3("minio"),
  });
}

const emptyPostgres = async () => samplePlace({ POSTGRES_URL: await testPostgres(), IMAGE_STORE: "postgres" });

beforeAll(async () => {
  redis = await startRedis();
  laptop = await samplePlace({ POSTGRES_URL: await testPostgres() });
  engines = await emptyEngines(0);
  const mesh = await startSample(laptop);
  doings = await useSample(mesh).finally(() => mesh.close());
});
afterAll(() => redis.close());

/** Looks for all that was done in the sample shop, and goes on where it was. */
async function expectToSellOn(mesh: TestMesh): Promise<void> {
  const { buyer, orderId, heldFor, pictureId } = doings;
  const products = mesh.client(ProductService);
  expect((await products.getProduct({ productId: "desk" })).product?.stock).toBe(DESKS_ON_SALE);
  expect((await products.listProducts({ query: "desk" })).products.map((it) => it.productId)).toEqual(["desk"]);
  await expect(products.getProduct({ productId: "gone" })).rejects.toThrow();
  expect((await mesh.client(OrderService).getOrder({ orderId }, buyer)).order?.orderId).toBe(orderId);
  expect(await cartOf(mesh, buyer)).toEqual(["1 desk", "3 lamp"]);
  expect(await isSignedIn(mesh, buyer)).toBe(true);
  expect((await mesh.client(ImageService).getImage({ imageId: pictureId })).image?.picture?.alt).toBe("A green mark");
  const picture = await fetch(`${mesh.url("image")}/images/${pictureId}/160.webp`, { headers: mesh.prove("edge") });
  expect(picture.status).toBe(200);
  await mesh.client(ProductService, { caller: "order" }).confirmReservation({ orderId: heldFor });
  await buy(mesh, buyer);
  await fillCart(mesh, buyer, { lamp: 1 });
}

describe("a shop that moves", () => {
  it("from PostgreSQL to the engines sells on there, and back again", async () => {
    const { said } = await runTool(["copy", "--from", laptop.file, "--to", engines.file]);
    expect(said).toMatch(/counts and checksums agree/);
    await runTool(["verify", "--from", laptop.file, "--to", engines.file]);

    const mesh = await startSample(engines);
    await expectToSellOn(mesh).finally(() => mesh.close());
    const urls = { postgresUrl: engines.env.POSTGRES_URL ?? "", mongodbUrl: engines.env.MONGODB_URL };
    const books = await openBooks(urls);
    expect(await books.stockOf("desk")).toEqual({ stock: DESKS_ON_SALE - 1, held: 0, sold: 4 });
    expect(await books.wrongCharges()).toBe(0);
    await books.close();

    const back = await emptyPostgres();
    await runTool(["copy", "--from", engines.file, "--to", back.file]);
    await runTool(["verify", "--from", engines.file, "--to", back.file]);
    const again = await startSample(back);
    try {
      expect(await cartOf(again, doings.buyer)).toEqual(["1 lamp"]);
      await buy(again, doings.buyer);
      expect(await isSignedIn(again, doings.buyer)).toBe(true);
    } finally {
      await again.close();
    }
    const booksBack = await openBooks({ postgresUrl: back.env.POSTGRES_URL ?? "" });
    expect(await booksBack.stockOf("desk")).toEqual({ stock: DESKS_ON_SALE - 1, held: 0, sold: 4 });
    await booksBack.close();
  });
});
