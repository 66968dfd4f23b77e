import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { testMongo, testS3 } from "#kit/testing/engines/shared.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { expectBooksToBeRight, startLoad } from "./testing/busy-shop.ts";
import { cartOf, isSignedIn, type SamplePlace, samplePlace, startSample, useSample } from "./testing/sample-shop.ts";
import { runTool } from "./testing/tool.ts";

// A shop is started and moved several times.
vi.setConfig({ testTimeout: 180_000 });

let redis: Awaited<ReturnType<typeof startRedis>>;
let databases = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

/** A place for a shop on all engines, all of them empty. */
async function emptyEngines(): Promise<SamplePlace> {
  databases += 1;
  return samplePlace({
    POSTGRES_URL: await testPostgres(),
    MONGODB_URL: await testMongo(),
    REDIS_URL: `${redis.url.replace(/\/\d*$/, "")}/${databases}`,
    S3_URL: await testS3("minio"),
  });
}

describe("a backup in an S3", () => {
  it("of a shop on all engines is restored to others, and to PostgreSQL alone", async () => {
    const url = await testS3("minio");
    const env = { BACKUP_S3_URL: url };
    const backup = `s3://${new URL(url).pathname.slice(1)}/shop/today`;
    const shop = await emptyEngines();
    const mesh = await startSample(shop);
    const { buyer } = await useSample(mesh).finally(() => mesh.close());
    await runTool(["backup", "--from", shop.file, "--to", backup], env);
    expect((await runTool(["verify", "--from", backup, "--to", shop.file], env)).said).toMatch(/is whole/);
    await expect(runTool(["backup", "--from", shop.file, "--to", backup], env)).rejects.toThrow(/is not empty/);

    const others = [await emptyEngines(), await samplePlace({ POSTGRES_URL: await testPostgres() })];
    for (const it of others) {
      await runTool(["restore", "--from", backup, "--to", it.file], env);
      await runTool(["verify", "--from", shop.file, "--to", it.file]);
      const restored = await startSample(it);
      try {
        expect(await cartOf(restored, buyer)).toEqual(["1 desk", "3 lamp"]);
        expect(await isSignedIn(restored, buyer)).toBe(true);
      } finally {
        await restored.close();
      }
    }
  });

  it("needs to be told where that is", async () => {
    const place = await samplePlace({ POSTGRES_URL: await testPostgres() });
    await expect(runTool(["restore", "--from", "s3://bucket/today", "--to", place.file])).rejects.toThrow(
      /Neither BACKUP_S3_URL nor S3_URL is set/,
    );
  });
});

const PAUSE_MS = 1_000;

describe("a backup of a shop on all engines that sells meanwhile", () => {
  it("reads each by itself; restored, nothing is lost or invented", async () => {
    const shop = await emptyEngines();
    const mesh = await startSample(shop);
    const load = await startLoad(mesh);
    await sleep(PAUSE_MS);
    const url = await testS3("minio");
    const env = { BACKUP_S3_URL: url };
    const backup = `s3://${new URL(url).pathname.slice(1)}/busy`;
    const { said } = await runTool(["backup", "--from", shop.file, "--to", backup], env).finally(async () => {
      await load.stop();
      await mesh.close();
    });
    expect(said).toMatch(/each engine was read by itself/);
    const target = await emptyEngines();
    await runTool(["restore", "--from", backup, "--to", target.file], env);
    await expectBooksToBeRight(target);
  });
});
