import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import pg from "pg";
import { pino } from "pino";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { testPostgres } from "#kit/testing/postgres.ts";
import type { Manifest } from "./manifest.ts";
import { shopPlace } from "./place.ts";
import { openToWrite } from "./shop.ts";
import {
  cartOf,
  DESKS_ON_SALE,
  isSignedIn,
  type SampleDoings,
  type SamplePlace,
  samplePlace,
  startSample,
  testFolder,
  useSample,
} from "./testing/sample-shop.ts";
import { runTool } from "./testing/tool.ts";

// A shop is started and restored several times.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

let shop: SamplePlace;
let doings: SampleDoings;
let backup: string;

const emptyPlace = async () => samplePlace({ POSTGRES_URL: await testPostgres() });
const manifestOf = async (folder: string) =>
  JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest;

/** A copy of the backup with one of its files changed. */
async function tampered(path: (manifest: Manifest) => string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const folder = await testFolder();
  await cp(backup, folder, { recursive: true });
  const file = join(folder, path(await manifestOf(folder)));
  await writeFile(file, change(await readFile(file)));
  return folder;
}

const productsFile = ({ collections }: Manifest) =>
  collections.find((it) => it.name === "product.products")?.files[0]?.path ?? "";

beforeAll(async () => {
  shop = await emptyPlace();
  const mesh = await startSample(shop);
  doings = await useSample(mesh);
  await mesh.close();
  backup = join(await testFolder(), "today");
  await runTool(["backup", "--from", shop.file, "--to", backup]);
});

describe("a backup", () => {
  it("is for its owner alone, and says what is in it", async () => {
    const { collections, consistency, live, formatVersion } = await manifestOf(backup);
    expect({ consistency, live, formatVersion }).toEqual({ consistency: "one moment", live: [], formatVersion: 1 });
    const counts = Object.fromEntries(collections.map((it) => [it.name, it.records]));
    expect(counts).toMatchObject({
      "auth.users": 2,
      "product.products": 3,
      "product.reservations": 2,
      "product.adjustments": 1,
      "image.images": 1,
      "order.orders": 1,
      "cart.carts": 1,
      "cart.purchases": 1,
    });
    const names = (await readdir(backup, { recursive: true, withFileTypes: true })).filter((it) => it.isFile());
    for (const it of names) expect((await stat(join(it.parentPath, it.name))).mode & 0o077).toBe(0);
  });

  it("is not written over another", async () => {
    await expect(runTool(["backup", "--from", shop.file, "--to", backup])).rejects.toThrow(/is not empty/);
  });

  it("is found whole, and the same as the shop", async () => {
    const { said } = await runTool(["verify", "--from", backup, "--to", shop.file]);
    expect(said).toMatch(/is whole/);
    expect(said).toMatch(/counts and checksums agree/);
  });

  it("that somebody changed is found out", async () => {
    const flipped = await tampered(productsFile, (it) => Buffer.concat([Buffer.of(0), it.subarray(1)]));
    await expect(runTool(["verify", "--from", flipped])).rejects.toThrow(/product\.products.*is damaged/);
    const target = await emptyPlace();
    await expect(runTool(["restore", "--from", flipped, "--to", target.file])).rejects.toThrow(/is damaged/);

    const picture = await tampered(
      () => `contents/image.images/${doings.pictureId.slice(0, 2)}/${doings.pictureId}`,
      (it) => Buffer.concat([it, Buffer.of(1)]),
    );
    await expect(runTool(["verify", "--from", picture])).rejects.toThrow(/contents\/image\.images.*is damaged/);
  });

  it("whose records are not those of its manifest is found out, even where the files match", async () => {
    const cheaper = await tampered(productsFile, (it) =>
      gzipSync(gunzipSync(it).toString().replace('"stock":12', '"stock":13')),
    );
    const manifest = await manifestOf(cheaper);
    const bytes = await readFile(join(cheaper, productsFile(manifest)));
    const collections = manifest.collections.map((it) => ({
      ...it,
      files: it.files.map((file) =>
        file.path === productsFile(manifest)
          ? { ...file, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }
          : file,
      ),
    }));
    await writeFile(join(cheaper, "manifest.json"), JSON.stringify({ ...manifest, collections }));
    await expect(runTool(["verify", "--from", cheaper])).rejects.toThrow(/not those that its manifest tells of/);
  });

  it.each([
    ["of another format", { formatVersion: 2 }, /has the format 2; this program reads format 1/],
    ["of a newer shop", { schemas: { order: ["001_orders", "099_later"] } }, /made by a newer version .*099_later/],
    ["of something else", { format: "tar" }, /is no backup/],
  ])("%s is refused", async (_, change, sentence) => {
    const folder = await tampered(
      () => "manifest.json",
      (it) => Buffer.from(JSON.stringify({ ...JSON.parse(it.toString()), ...change })),
    );
    const target = await emptyPlace();
    await expect(runTool(["restore", "--from", folder, "--to", target.file])).rejects.toThrow(sentence);
  });
});

describe("a restored shop", () => {
  it("is what it was, and sells on", async () => {
    const target = await emptyPlace();
    const { said } = await runTool(["restore", "--from", backup, "--to", target.file]);
    expect(said).toMatch(/counts and checksums agree/);
    await runTool(["verify", "--from", shop.file, "--to", target.file]);

    const mesh = await startSample(target);
    try {
      const { buyer, orderId, heldFor, pictureId } = doings;
      const products = mesh.client(ProductService);
      expect((await products.getProduct({ productId: "desk" })).product?.stock).toBe(DESKS_ON_SALE);
      expect((await products.listProducts({ query: "desk" })).products.map((it) => it.productId)).toEqual(["desk"]);
      await expect(products.getProduct({ productId: "gone" })).rejects.toThrow();
      expect((await mesh.client(OrderService).getOrder({ orderId }, buyer)).order?.orderId).toBe(orderId);
      expect(await cartOf(mesh, buyer)).toEqual(["1 desk", "3 lamp"]);
      await mesh.client(ProductService, { caller: "order" }).confirmReservation({ orderId: heldFor });
      expect(await isSignedIn(mesh, buyer)).toBe(true);
      expect((await mesh.client(ImageService).getImage({ imageId: pictureId })).image?.picture?.alt).toBe(
        "A green mark",
      );
      expect(
        (await fetch(`${mesh.url("image")}/images/${pictureId}/160.webp`, { headers: mesh.prove("edge") })).status,
      ).toBe(200);
    } finally {
      await mesh.close();
    }
  });

  it("must be empty before, unless what it holds may be lost", async () => {
    const target = await emptyPlace();
    const mesh = await startSample(target);
    const running = runTool(["restore", "--from", backup, "--to", target.file, "--overwrite"]);
    await expect(running.finally(() => mesh.close())).rejects.toThrow(/Services run on .*auth/);
    const refused = runTool(["restore", "--from", backup, "--to", target.file]);
    await expect(refused).rejects.toThrow(/is not empty: there are auth\.users already.*--overwrite/);
    await runTool(["restore", "--from", backup, "--to", target.file, "--overwrite"]);
    await runTool(["verify", "--from", shop.file, "--to", target.file]);
  });
});

/** Restores in a process of its own, and ends that by Ctrl-C while it waits to write orders. @returns what it said to standard error */
async function restoreAndInterrupt(target: SamplePlace): Promise<string> {
  const blocking = new pg.Client({ connectionString: target.env.POSTGRES_URL });
  await blocking.connect();
  await blocking.query('BEGIN; LOCK TABLE "order".orders IN SHARE MODE');
  const child = spawn(process.execPath, [MAIN, "restore", "--from", backup, "--to", target.file]);
  try {
    let said = "";
    child.stderr.on("data", (it: Buffer) => (said += it.toString()));
    const ended = once(child, "close");
    const isWaiting = async () =>
      (await blocking.query("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '\"order\".orders'::regclass"))
        .rowCount === 1;
    await vi.waitUntil(isWaiting, { timeout: 60_000, interval: 20 });
    child.kill("SIGINT");
    expect(await ended).toEqual([1, null]);
    return said;
  } finally {
    child.kill("SIGKILL");
    await blocking.end();
  }
}

it("a restore that is cut short says so, and the same command goes on", async () => {
  const target = await emptyPlace();
  await (await openToWrite(shopPlace(target.file, {}), pino({ level: "silent" }))).close();
  const said = await restoreAndInterrupt(target);
  expect(said).toContain(
    `${target.file} is incomplete: start no shop on it. The same command goes on where it stopped.`,
  );
  expect((await runTool(["restore", "--from", backup, "--to", target.file])).incomplete).toBeUndefined();
  await runTool(["verify", "--from", shop.file, "--to", target.file]);
});

it("the tool without a command ends with 2", async () => {
  const child = spawn(process.execPath, [MAIN], { stdio: "ignore" });
  expect(await once(child, "close")).toEqual([2, null]);
});
