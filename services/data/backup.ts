import { createHash, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { createSum, type Json } from "#kit/portable/canonical.ts";
import type { Collection, Entry } from "#kit/portable/collection.ts";
import { StartError } from "#kit/start-error.ts";
import type { Progress } from "./copy.ts";
import { type BackupCollection, type BackupFile, type Manifest, writeManifest } from "./manifest.ts";
import type { OpenShop } from "./shop.ts";
import type { Vault } from "./vault.ts";
import { knownVersions } from "./versions.ts";

const compress = promisify(gzip);

/** A record as a line of a backup has it, as JSON. */
export interface Line {
  readonly key: string;
  readonly value: Json;
  /** The file with the bytes that belong to it. */
  readonly content?: Omit<BackupFile, "records">;
}

/** A file is written when it has so many characters, before it is compressed; it is held in memory until then. */
const FILE_CHARACTERS = 4 * 1024 * 1024;
const NUMBER_DIGITS = 5;

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function writeContent(vault: Vault, collection: Collection, key: string): Promise<Line["content"] | undefined> {
  const bytes = await collection.content?.(key);
  if (bytes === undefined) return undefined;
  if (collection.isContent?.(key, bytes) === false)
    throw new StartError(`The content of ${key} in ${collection.name} is damaged.`);
  const path = `contents/${collection.name}/${key.slice(0, 2)}/${key}`;
  await vault.write(path, bytes);
  return { path, bytes: bytes.length, sha256: sha256Of(bytes) };
}

/** The line of a record; undefined for one whose bytes were deleted meanwhile. */
async function lineOf(vault: Vault, collection: Collection, { key, value }: Entry): Promise<Line | undefined> {
  if (collection.content === undefined) return { key, value };
  const content = await writeContent(vault, collection, key);
  return content && { key, value, content };
}

async function backUpCollection(
  vault: Vault,
  collection: Collection,
  onProgress: (progress: Progress) => void,
): Promise<BackupCollection> {
  const { name, version } = collection;
  const total = await collection.count();
  const sum = createSum();
  const files: BackupFile[] = [];
  let lines: string[] = [];
  let characters = 0;
  const flush = async () => {
    if (lines.length === 0) return;
    const bytes = await compress(`${lines.join("\n")}\n`);
    const number = String(files.length + 1).padStart(NUMBER_DIGITS, "0");
    const path = `records/${name}/${number}.ndjson.gz`;
    await vault.write(path, bytes);
    files.push({ path, bytes: bytes.length, sha256: sha256Of(bytes), records: lines.length });
    lines = [];
    characters = 0;
  };
  onProgress({ phase: "saving", collection: name, done: 0, total });
  for await (const entries of collection.read()) {
    for (const entry of entries) {
      const line = await lineOf(vault, collection, entry);
      if (line === undefined) continue;
      sum.add(entry);
      const text = JSON.stringify(line);
      lines.push(text);
      characters += text.length;
      if (characters >= FILE_CHARACTERS) await flush();
    }
    onProgress({ phase: "saving", collection: name, done: sum.totals().records, total });
  }
  await flush();
  return { name, version, ...sum.totals(), files };
}

/**
 * Writes all that a shop keeps into a vault.
 * @throws StartError when there is something in it already
 */
export async function backUp(
  shop: OpenShop,
  vault: Vault,
  onProgress: (progress: Progress) => void,
): Promise<Manifest> {
  if (!(await vault.isEmpty()))
    throw new StartError(`${vault.name} is not empty: give each backup a place of its own.`);
  const collections: BackupCollection[] = [];
  // What is asked for first is the oldest: orders come before the pieces held for them, see reconcile.ts.
  for (const it of shop.collections.toReversed()) collections.unshift(await backUpCollection(vault, it, onProgress));
  return writeManifest(vault, {
    id: randomUUID(),
    createTime: new Date().toISOString(),
    consistency: isOneMoment(shop) ? "one moment" : "by engine",
    live: [...shop.live, ...shop.unseen.map((it) => `${it} (could not be seen)`)],
    schemas: await knownVersions(shop.settings),
    collections,
  });
}

/** Pictures never change, so they do not count. */
function isOneMoment({ settings }: OpenShop): boolean {
  return settings.mongodbUrl === undefined && settings.redis === undefined;
}
