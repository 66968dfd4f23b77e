import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { type Database, openDatabase } from "#kit/postgres/database.ts";
import { migrate } from "#kit/postgres/migrate.ts";
import { eventually } from "#kit/testing/eventually.ts";
import { startTestMesh } from "#kit/testing/mesh.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { main } from "./main.ts";
import { imageStoreContract } from "./store.contract.ts";
import { createPostgresStore } from "./store.postgres.ts";
import { testPicture } from "./testing.ts";

const log = pino({ level: "silent" });
let database: Database;
beforeAll(async () => {
  const url = await testPostgres();
  await migrate({ url, schema: "image", dir: fileURLToPath(new URL("./migrations", import.meta.url)), log });
  database = openDatabase({ url, schema: "image", log });
});
afterAll(() => database.close());

imageStoreContract(async () => {
  await database.query("DELETE FROM images");
  return createPostgresStore(database);
});

describe("files in PostgreSQL", () => {
  const id = "f".repeat(32);
  const MEBIBYTE = 1024 * 1024;
  const content = randomBytes(MEBIBYTE);
  let reads = 0;

  /** A store that counts what it reads. */
  async function stored() {
    const counting: Database = {
      ...database,
      query(text, values) {
        if (text.includes("substring")) reads += 1;
        return database.query(text, values);
      },
    };
    const store = createPostgresStore(counting);
    const info = { contentType: "image/png", sizeBytes: 1, width: 1, height: 1, alt: "", createTimeMs: 1 };
    await store.put({ ...info, id, placeholder: Buffer.of() }, Buffer.of(1));
    await store.putVariant(id, "160.webp", content);
    const file = await store.variant(id, "160.webp");
    if (file === undefined) throw new Error("It was not kept");
    reads = 0;
    return { store, file };
  }

  it.each([
    [0, MEBIBYTE - 1],
    [0, 0],
    [MEBIBYTE - 1, MEBIBYTE - 1],
    [MEBIBYTE / 4 - 1, MEBIBYTE / 4],
    [MEBIBYTE / 4, MEBIBYTE / 2 - 1],
    [12_345, 987_654],
  ])("are read from byte %d to byte %d", async (start, end) => {
    const { file } = await stored();
    const read = await buffer(file.read(start, end));
    expect(read.equals(content.subarray(start, end + 1))).toBe(true);
  });

  it("are read no faster than they are taken", async () => {
    const { file } = await stored();
    const stream = file.read(0, MEBIBYTE - 1);
    await new Promise((resolve) => stream.once("readable", resolve));
    await new Promise(setImmediate);
    expect(reads).toBeLessThanOrEqual(2);
    expect((await buffer(stream)).equals(content)).toBe(true);
    expect(reads).toBe(4);
  });

  it("that are deleted meanwhile end with an error, not short", async () => {
    const { store, file } = await stored();
    const stream = file.read(0, MEBIBYTE - 1);
    await new Promise((resolve) => stream.once("readable", resolve));
    await store.delete(id);
    await expect(buffer(stream)).rejects.toThrow("was deleted while it was read");
  });

  it("that exist are kept as they are, so that who reads one sees no other", async () => {
    const { store, file } = await stored();
    expect(await store.putVariant(id, "160.webp", Buffer.from("other"))).toBe(true);
    expect((await buffer(file.read(0, 4))).equals(content.subarray(0, 5))).toBe(true);
  });
});

it("shows at every replica what one has taken in, until one deletes it", async () => {
  const options = { env: { IMAGE_STORE: "postgres" }, postgresUrl: await testPostgres() };
  const [one, other] = await Promise.all([0, 1].map(() => startTestMesh({ image: main }, options)));
  if (one === undefined || other === undefined) throw new Error("They did not start");
  const bytes = await testPicture(600, 400).png().toBuffer();
  const { image } = await one.client(ImageService).uploadImage({ content: bytes }, one.as("admin"));
  const imageId = image?.picture?.imageId ?? "";
  const at = (mesh: typeof one) => fetch(`${mesh.url("image")}/images/${imageId}/320.webp`);
  const answers = await Promise.all([at(other), at(one), at(other)]);
  const files = await Promise.all(answers.map(async (it) => Buffer.from(await it.arrayBuffer())));
  expect(answers.map((it) => it.status)).toEqual([200, 200, 200]);
  for (const file of files) expect(file.equals(files[0] ?? Buffer.of())).toBe(true);
  await other.client(ImageService).deleteImage({ imageId }, other.as("admin"));
  await eventually(async () => expect((await at(one)).status).toBe(404));
  await Promise.all([one.close(), other.close()]);
});
