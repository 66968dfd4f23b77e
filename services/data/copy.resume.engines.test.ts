import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startRedis } from "#kit/testing/engines/redis.ts";
import { testMongo, testS3 } from "#kit/testing/engines/shared.ts";
import type { TestMesh } from "#kit/testing/mesh.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { fillCart } from "../shop/testing/purchase.ts";
import { buy, type SamplePlace, samplePlace, signUp, startSample, useSample } from "./testing/sample-shop.ts";
import { runTool } from "./testing/tool.ts";

const CARTS = 30_000;
const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const WAIT = { timeout: 60_000, interval: 5 };

// A shop is started and moved several times.
vi.setConfig({ testTimeout: 180_000 });

let redis: Awaited<ReturnType<typeof startRedis>>;
let source: SamplePlace;
let target: SamplePlace;

async function query(place: SamplePlace, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: place.env.POSTGRES_URL });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

beforeAll(async () => {
  redis = await startRedis();
  source = await samplePlace({ POSTGRES_URL: await testPostgres() });
  target = await samplePlace({
    POSTGRES_URL: await testPostgres(),
    MONGODB_URL: await testMongo(),
    REDIS_URL: redis.url,
    S3_URL: await testS3("versitygw"),
  });
  const mesh = await startSample(source);
  await useSample(mesh).finally(() => mesh.close());
  await query(
    source,
    `WITH made AS (
       INSERT INTO cart.carts (owner, expire_time) SELECT gen_random_uuid(), now() + interval '5 days' FROM generate_series(1, ${CARTS}) RETURNING owner
     ) INSERT INTO cart.lines (owner, product_id, quantity) SELECT owner, 'desk', 1 FROM made`,
  );
});
afterAll(() => redis.close());

/** Starts a copy in a process of its own, and kills it in the middle of the carts. */
async function copyAndKill(): Promise<void> {
  const child = spawn(process.execPath, [MAIN, "copy", "--from", source.file, "--to", target.file], {
    stdio: "ignore",
  });
  const watching = new Redis(redis.url);
  try {
    await vi.waitUntil(async () => (await watching.dbsize()) > CARTS / 5, WAIT);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await watching.dbsize()).toBeLessThan(CARTS);
  } finally {
    child.kill("SIGKILL");
    await watching.quit();
  }
}

const written = (said: string) => Number(/: (\d+) written now/.exec(said)?.[1]);
const all = (said: string) => Number(/^(\d+) records/.exec(said)?.[1]);

describe("a copy", () => {
  it("that was killed goes on where it was", async () => {
    await copyAndKill();
    const { said } = await runTool(["copy", "--from", source.file, "--to", target.file]);
    expect(said).toMatch(/counts and checksums agree/);
    expect(all(said)).toBeGreaterThan(CARTS);
    expect(written(said)).toBeGreaterThan(0);
    expect(written(said)).toBeLessThan((CARTS * 4) / 5);
  });

  it("that is run again writes only what has changed, and takes out what is no more", async () => {
    await query(source, "UPDATE product.products SET stock = stock + 1 WHERE product_id = 'lamp'");
    await query(
      source,
      "DELETE FROM cart.carts WHERE owner IN (SELECT owner FROM cart.carts WHERE cardinality(request_ids) = 0 LIMIT 3)",
    );
    const { said } = await runTool(["copy", "--from", source.file, "--to", target.file]);
    expect(written(said)).toBe(1);
    expect(said).toMatch(/3 records of before taken out/);
  });

  it("names what is not the same", async () => {
    await query(source, "UPDATE product.products SET stock = stock + 1 WHERE product_id = 'lamp'");
    const verifying = runTool(["verify", "--from", source.file, "--to", target.file]);
    await expect(verifying).rejects.toThrow(/product\.products lamp: different/);
  });

  it("does not overwrite a shop that has been used since, unless it is told to", async () => {
    const mesh = await startSample(target);
    await useSampleBriefly(mesh).finally(() => mesh.close());
    await expect(runTool(["copy", "--from", source.file, "--to", target.file])).rejects.toThrow(
      /is not empty: .* changed there since it was carried over.*--overwrite/,
    );
    await runTool(["copy", "--from", source.file, "--to", target.file, "--overwrite"]);
    await runTool(["verify", "--from", source.file, "--to", target.file]);
  });

  it("of a running shop can be followed by one that carries the rest", async () => {
    const mesh = await startSample(source);
    const first = await runTool(["copy", "--from", source.file, "--to", target.file]).finally(async () => {
      await useSampleBriefly(mesh);
      await mesh.close();
    });
    expect(first.said).toMatch(/was running \(.*order.*\): what it has sold since is not there/s);
    const { said } = await runTool(["copy", "--from", source.file, "--to", target.file]);
    expect(written(said)).toBeLessThan(100);
    await runTool(["verify", "--from", source.file, "--to", target.file]);
  });
});

/** Somebody signs up, and buys a lamp. */
async function useSampleBriefly(mesh: TestMesh): Promise<void> {
  const buyer = await signUp(mesh);
  await fillCart(mesh, buyer, { lamp: 1 });
  await buy(mesh, buyer);
}
