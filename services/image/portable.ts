import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Json } from "#kit/portable/canonical.ts";
import { BATCH_RECORDS, type Collection, chunksOf, type Entry } from "#kit/portable/collection.ts";
import type { Portable, PortableContext } from "#kit/portable/portable.ts";
import type { Database } from "#kit/postgres/database.ts";
import type { S3Settings } from "#kit/s3/settings.ts";
import type { ImageInfo } from "./image.ts";
import { createDiskStore } from "./store.disk.ts";
import { createPostgresStore } from "./store.postgres.ts";
import type { ImageStore, Place } from "./store.ts";

type PortableImage = Omit<ImageInfo, "placeholder"> & { readonly placeholder: string };

const ID_DIGITS = 32;
const WAIT_MS = 10_000;
/** Pictures that are written at the same time: each waits for a server or a disk, and is held in memory. */
const WRITES_MAX = 4;

function entryOf(info: ImageInfo): Entry {
  const value = { ...info, placeholder: Buffer.from(info.placeholder).toString("base64") };
  return { key: info.id, value: value as Json };
}

function infoOf(value: Json): ImageInfo {
  const image = value as unknown as PortableImage;
  return { ...image, placeholder: Buffer.from(image.placeholder, "base64") };
}

/** Pictures by way of their store, whichever it is. The files made from them are not moved: they are made anew when wanted. */
export function imageCollection(store: ImageStore): Collection {
  return {
    name: "image.images",
    version: 1,
    // To count them is to list them.
    count: async () => undefined,
    async *read() {
      let after: Place | undefined;
      do {
        const infos = await store.list(BATCH_RECORDS, after);
        if (infos.length > 0) yield infos.map(entryOf);
        after = infos.at(-1);
      } while (after !== undefined);
    },
    async get(keys) {
      const infos = await Promise.all(keys.map((it) => store.get(it)));
      return infos.filter((it) => it !== undefined).map(entryOf);
    },
    async put(entries, contentOf) {
      const write = async ({ key, value }: Entry) => {
        const info = infoOf(value);
        const content = await contentOf?.(key);
        // It was deleted while all was being read.
        if (content === undefined) return;
        const kept = await store.put(info, content);
        if (kept.alt !== info.alt) await store.setAlt(key, info.alt);
      };
      for (const some of chunksOf(entries, WRITES_MAX)) await Promise.all(some.map(write));
    },
    async remove(keys) {
      for (const it of keys) await store.delete(it);
    },
    content: (key) => store.original(key),
    isContent: (key, bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, ID_DIGITS) === key,
  };
}

/** The pictures' tables as the store wants them: by their bare names. */
async function databaseOf({ postgres }: PortableContext): Promise<Database> {
  await postgres.query("SET search_path TO image, public");
  const never = () => Promise.reject(new Error("Nothing is listened to while data is moved"));
  const { query, transaction } = postgres;
  const unused = { ping: async () => {}, close: async () => {} };
  return { query, transaction, replica: { query }, schema: "image", listen: never, ...unused };
}

async function s3StoreOf({ log, onClose }: PortableContext, settings: S3Settings): Promise<ImageStore> {
  // The driver is loaded where it is needed.
  const [{ openS3 }, { awaitBucket }, { createS3Store }] = await Promise.all([
    import("#kit/s3/s3.ts"),
    import("#kit/s3/wait.ts"),
    import("./store.s3.ts"),
  ]);
  await awaitBucket({ settings, log, waitMs: WAIT_MS });
  const s3 = openS3({ settings, log });
  onClose(() => s3.close());
  return createS3Store({ s3, log });
}

/** What image keeps. */
export const portable: Portable = async (context) => {
  const { imageStore, dataDir, s3 } = context.settings;
  if (imageStore === "s3" && s3 !== undefined) return [imageCollection(await s3StoreOf(context, s3))];
  if (imageStore === "postgres") return [imageCollection(createPostgresStore(await databaseOf(context)))];
  return [imageCollection(await createDiskStore(join(dataDir, "images")))];
};
