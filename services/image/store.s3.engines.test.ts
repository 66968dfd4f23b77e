import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openS3, type S3 } from "#kit/s3/s3.ts";
import { parseS3, type S3Settings } from "#kit/s3/settings.ts";
import { awaitBucket } from "#kit/s3/wait.ts";
import { startMinio, startVersityGateway } from "#kit/testing/engines/s3.ts";
import type { TestServer } from "#kit/testing/engines/server.ts";
import type { ImageInfo } from "./image.ts";
import { imageStoreContract } from "./store.contract.ts";
import { sha256Of } from "./store.s3.file.ts";
import { folderOf, markerOf, originalKey, ownerOf, variantKey } from "./store.s3.keys.ts";
import { ORPHAN_AGE_MS, sweepOrphans, sweepWhenDue } from "./store.s3.sweep.ts";
import { createS3Store } from "./store.s3.ts";

const log = pino({ level: "silent" });
const [ID, OTHER_ID] = ["f".repeat(32), "e".repeat(32)] as const;
const INFO: ImageInfo = {
  id: ID,
  contentType: "image/png",
  sizeBytes: 12,
  width: 1,
  height: 1,
  placeholder: Buffer.of(1),
  alt: "A chair",
  createTimeMs: 1_700_000_000_000,
};

/** The settings of a bucket that no other test has. */
function bucketOf(server: TestServer): S3Settings {
  const url = new URL(server.url);
  url.pathname = `/images-${randomBytes(6).toString("hex")}`;
  return parseS3(url.href, "S3_URL", {});
}

describe.each([
  ["MinIO", startMinio],
  ["Versity's gateway", startVersityGateway],
])("in %s", (_, start) => {
  let server: TestServer;
  const opened: S3[] = [];
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    for (const it of opened) it.close();
    await server?.close();
  });
  const open = async () => {
    const settings = bucketOf(server);
    await awaitBucket({ settings, log });
    const s3 = openS3({ settings, log });
    opened.push(s3);
    return s3;
  };

  imageStoreContract(async () => createS3Store({ s3: await open(), log }));

  describe("files in an S3", () => {
    const MEBIBYTE = 1024 * 1024;
    const content = randomBytes(MEBIBYTE + 5);
    const variant = variantKey(ID, "640.webp");

    /** A store with one picture and one of its files, and the bucket that it is in. */
    async function stored() {
      const s3 = await open();
      const store = createS3Store({ s3, log });
      await store.put(INFO, Buffer.from("the original"));
      await store.putVariant(ID, "640.webp", content);
      const file = await store.variant(ID, "640.webp");
      if (file === undefined) throw new Error("It was not kept");
      return { s3, store, file };
    }

    it("are read in pieces, from any byte to any other", async () => {
      const { file } = await stored();
      const edge = MEBIBYTE / 4;
      for (const [start, end] of [
        [0, file.sizeBytes - 1],
        [0, 0],
        [file.sizeBytes - 1, file.sizeBytes - 1],
        [edge - 1, edge],
        [12_345, 987_654],
      ] as const)
        expect((await buffer(file.read(start, end))).equals(content.subarray(start, end + 1))).toBe(true);
    });

    it("that exist are kept as they are, so that who reads one sees no other", async () => {
      const { store, file } = await stored();
      expect(await store.putVariant(ID, "640.webp", Buffer.from("other"))).toBe(true);
      expect((await buffer(file.read(0, 4))).equals(content.subarray(0, 5))).toBe(true);
    });

    it("that are deleted or replaced while they are read end with an error, not short or mixed", async () => {
      for (const meddle of [(s3: S3) => s3.delete([variant]), (s3: S3) => s3.put(variant, randomBytes(MEBIBYTE + 5))]) {
        const { s3, file } = await stored();
        const stream = file.read(0, file.sizeBytes - 1);
        await once(stream, "readable");
        await meddle(s3);
        await expect(buffer(stream)).rejects.toThrow("was replaced or deleted while it was read");
      }
    });

    it("whose bytes are others than were kept are never read to the end, and made again", async () => {
      const { s3, store } = await stored();
      await s3.put(variant, Buffer.concat([content, Buffer.of(1)]), { metadata: { sha256: sha256Of(content) } });
      const file = await store.variant(ID, "640.webp");
      const got: Buffer[] = [];
      const stream = file?.read(0, file.sizeBytes - 1);
      stream?.on("data", (part: Buffer) => got.push(part));
      await expect(stream && once(stream, "end")).rejects.toThrow("holds other bytes than were kept");
      expect(Buffer.concat(got).length).toBeLessThan(content.length);
      expect(await store.variant(ID, "640.webp")).toBeUndefined();
      await s3.put(variant, Buffer.from("of nobody knows whom"));
      expect(await store.variant(ID, "640.webp")).toBeUndefined();
      expect(await store.putVariant(ID, "640.webp", content)).toBe(true);
    });

    it("that are originals with other bytes than were kept are an error, not another picture", async () => {
      const { s3, store } = await stored();
      const [original] = (await s3.list({ prefix: folderOf(ID) })).filter((it) => ownerOf(it.key).upload !== undefined);
      await s3.put(original?.key ?? "", Buffer.from("another picture"));
      await expect(store.original(ID)).rejects.toThrow("holds other bytes than were kept");
    });
  });

  describe("what a crash left behind", () => {
    const by = (clock: { ms: number }) => ({ nowMs: () => clock.ms });
    const keysOf = async (s3: S3) => (await s3.list({ prefix: "" })).map((it) => it.key);

    /** A bucket with a picture, and what an upload and a delete left that came to no end. */
    async function littered() {
      const s3 = await open();
      const clock = { ms: Date.now() };
      const store = createS3Store({ s3, log, ...by(clock) });
      await store.put(INFO, Buffer.from("the original"));
      await store.putVariant(ID, "160.webp", Buffer.from("x"));
      const kept = await keysOf(s3);
      const marker = markerOf({ id: OTHER_ID, createTimeMs: 1 });
      await s3.put(originalKey(ID, "another-upload"), Buffer.from("the original"));
      await s3.put(originalKey(OTHER_ID, "upload"), Buffer.from("other"));
      await s3.put(variantKey(OTHER_ID, "320.webp"), Buffer.from("y"));
      await s3.put(marker, Buffer.of());
      return { s3, clock, store, kept, marker };
    }

    it("is removed when it is old, by any number at once, and nothing else", async () => {
      const { s3, clock, store, kept, marker } = await littered();
      const all = await keysOf(s3);
      expect(await sweepOrphans({ s3, log, ...by(clock) })).toBe(0);
      await store.list(10);
      expect(await keysOf(s3)).toEqual(all);
      clock.ms += ORPHAN_AGE_MS + 60_000;
      await Promise.all([1, 2, 3, 4, 5, 6].map(() => sweepOrphans({ s3, log, ...by(clock) })));
      expect(await keysOf(s3)).toEqual([marker, ...kept].sort());
      expect(await store.list(10)).toEqual([INFO]);
      expect(await keysOf(s3)).toEqual(kept);
      expect((await store.original(ID))?.toString()).toBe("the original");
    });

    it("is found beside objects that others put there, which stay", async () => {
      const { s3, clock, store, kept, marker } = await littered();
      const foreign = [
        "newest/",
        "newest/a.txt",
        `${marker}.old`,
        "pictures/",
        "pictures/a.txt",
        "pictures/album/a.png",
      ];
      for (const it of foreign) await s3.put(it, Buffer.of());
      clock.ms += ORPHAN_AGE_MS + 60_000;
      expect(await sweepOrphans({ s3, log, ...by(clock) })).toBe(3);
      expect(await store.list(1)).toEqual([INFO]);
      expect(await store.list(10)).toEqual([INFO]);
      expect(await keysOf(s3)).toEqual([...foreign, ...kept].sort());
    });

    it("of a delete is removed by the next one", async () => {
      const { s3, store } = await littered();
      await store.delete(OTHER_ID);
      expect(await s3.head(variantKey(OTHER_ID, "320.webp"))).toBeUndefined();
    });

    it("is looked for by one replica when it is time, and not again soon", async () => {
      const { s3, clock } = await littered();
      const removed: number[] = [];
      const sweep = () => sweepWhenDue({ s3, log, ...by(clock), onRemoved: (count) => removed.push(count) });
      clock.ms += ORPHAN_AGE_MS + 60_000;
      await sweep();
      await sweep();
      expect(removed).toEqual([3]);
      clock.ms += 6 * ORPHAN_AGE_MS;
      await sweep();
      expect(removed).toEqual([3, 0]);
    });
  });
});
