import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, constants, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ImageInfo } from "./image.ts";
import type { ImageStore, Place } from "./store.ts";

/** Temporary files of a process that died are removed after this time. */
const LEFT_BEHIND_MS = 3_600_000;
const INFO = "info.json";
const ORIGINAL = "original";
const ID = /^[a-f0-9]{32}$/;
/** Later than any upload, so that the difference falls as time goes on. */
const END_OF_TIME_MS = 9_999_999_999_999;
const TIME_DIGITS = 13;

function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Undefined instead of an error when the file is not there. */
async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The name that puts an image in its place when names are sorted: newest first, then by id. */
function markerOf({ id, createTimeMs }: Place): string {
  return `${String(END_OF_TIME_MS - createTimeMs).padStart(TIME_DIGITS, "0")}-${id}`;
}

function encodeInfo(info: ImageInfo): string {
  return JSON.stringify({ ...info, placeholder: Buffer.from(info.placeholder).toString("base64") });
}

function decodeInfo(text: string): ImageInfo {
  const info = JSON.parse(text) as Omit<ImageInfo, "placeholder"> & { placeholder: string };
  return { ...info, placeholder: Buffer.from(info.placeholder, "base64") };
}

async function removeLeftBehind(temporary: string): Promise<void> {
  for (const name of await readdir(temporary)) {
    const path = join(temporary, name);
    const found = await ifThere(stat(path));
    if (found !== undefined && Date.now() - found.mtimeMs > LEFT_BEHIND_MS)
      await rm(path, { recursive: true, force: true });
  }
}

/**
 * Pictures in a folder: `by-id/ab/<id>/` with the original, `info.json` and the variants; empty files in `newest/`, whose
 * names sort the newest first; and `temporary/`, from where finished things are moved to their place in one step.
 */
export async function createDiskStore(root: string): Promise<ImageStore> {
  const newest = join(root, "newest");
  const temporary = join(root, "temporary");
  const folderOf = (id: string) => {
    // Contracts and routes let no other id pass; a path is no place to rely on that.
    if (!ID.test(id)) throw new Error("not an image id");
    return join(root, "by-id", id.slice(0, 2), id);
  };
  const temporaryPath = () => join(temporary, randomUUID());
  await mkdir(newest, { recursive: true });
  await mkdir(temporary, { recursive: true });
  await removeLeftBehind(temporary);

  const get = async (id: string): Promise<ImageInfo | undefined> => {
    const text = await ifThere(readFile(join(folderOf(id), INFO), "utf8"));
    return text === undefined ? undefined : decodeInfo(text);
  };
  const moveFile = async (content: Uint8Array | string, path: string, flush: boolean): Promise<boolean> => {
    const from = temporaryPath();
    await writeFile(from, content, { flush });
    // The folder may be gone: the picture was deleted meanwhile.
    const moved = await ifThere(rename(from, path).then(() => true));
    if (moved === undefined) await rm(from, { force: true });
    return moved ?? false;
  };
  return {
    get,
    async put(info, original) {
      const folder = folderOf(info.id);
      const from = temporaryPath();
      await mkdir(from);
      await mkdir(dirname(folder), { recursive: true });
      await writeFile(join(from, ORIGINAL), original, { flush: true });
      await writeFile(join(from, INFO), encodeInfo(info), { flush: true });
      // First the marker: one without its image is passed over, an image without marker would never be listed.
      await writeFile(join(newest, markerOf(info)), "");
      try {
        await rename(from, folder);
      } catch (error) {
        await rm(from, { recursive: true, force: true });
        if (!hasCode(error, "ENOTEMPTY", "EEXIST")) throw error;
      }
      await Promise.all([syncFolder(dirname(folder)), syncFolder(newest)]);
      const kept = (await get(info.id)) ?? info;
      if (kept.createTimeMs !== info.createTimeMs) await rm(join(newest, markerOf(info)), { force: true });
      return kept;
    },
    original: (id) => ifThere(readFile(join(folderOf(id), ORIGINAL))),
    async list(limit, after) {
      const last = after === undefined ? "" : markerOf(after);
      const names = (await readdir(newest)).filter((it) => it > last).sort();
      const found: ImageInfo[] = [];
      for (const name of names) {
        if (found.length === limit) break;
        const info = await get(name.slice(TIME_DIGITS + 1));
        if (info !== undefined && markerOf(info) === name) found.push(info);
      }
      return found;
    },
    async setAlt(id, alt) {
      const info = await get(id);
      if (info !== undefined) await moveFile(encodeInfo({ ...info, alt }), join(folderOf(id), INFO), true);
    },
    async delete(id) {
      const info = await get(id);
      if (info === undefined) return;
      const to = temporaryPath();
      await ifThere(rename(folderOf(id), to));
      await rm(join(newest, markerOf(info)), { force: true });
      await rm(to, { recursive: true, force: true });
    },
    async variant(id, name) {
      const path = join(folderOf(id), name);
      const found = await ifThere(stat(path));
      return found && { sizeBytes: found.size, read: (start, end) => createReadStream(path, { start, end }) };
    },
    // Can be made again, so that it need not survive a crash of the machine: but never half of it, hence the flush.
    putVariant: (id, name, bytes) => moveFile(bytes, join(folderOf(id), name), true),
    ping: () => access(temporary, constants.W_OK),
  };
}
