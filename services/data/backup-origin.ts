import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { createSum } from "#kit/portable/canonical.ts";
import { BATCH_RECORDS, chunksOf } from "#kit/portable/collection.ts";
import { StartError } from "#kit/start-error.ts";
import { type Line, sha256Of } from "./backup.ts";
import type { Progress, Source } from "./copy.ts";
import type { BackupCollection, BackupFile, Manifest } from "./manifest.ts";
import type { Origin } from "./move.ts";
import type { Vault } from "./vault.ts";

const decompress = promisify(gunzip);
/** Far above what a backup writes into one file: what is larger is not one of its files. */
const FILE_MAX_BYTES = 256 * 1024 * 1024;

async function readFile(vault: Vault, file: Omit<BackupFile, "records">): Promise<Uint8Array> {
  // Before it is read into memory: what lies there may be of any size.
  const size = await vault.size(file.path);
  const bytes = size === file.bytes ? await vault.read(file.path) : undefined;
  if (size === undefined) throw new StartError(`${file.path} is missing in ${vault.name}.`);
  if (bytes?.length !== file.bytes || sha256Of(bytes) !== file.sha256)
    throw new StartError(`${file.path} in ${vault.name} is damaged: it is not what the backup wrote.`);
  return bytes;
}

async function readLines(vault: Vault, file: BackupFile): Promise<Line[]> {
  const text = (await decompress(await readFile(vault, file), { maxOutputLength: FILE_MAX_BYTES })).toString("utf8");
  return text
    .split("\n")
    .filter((it) => it !== "")
    .map((it) => JSON.parse(it) as Line);
}

/** A collection as a backup has it. Files are looked at before they are believed. */
function sourceOf(vault: Vault, { name, version, records, files }: BackupCollection): Source {
  const contents = new Map<string, Line["content"]>();
  return {
    name,
    version,
    count: async () => records,
    async *read() {
      for (const file of files) {
        const lines = await readLines(vault, file);
        for (const chunk of chunksOf(lines, BATCH_RECORDS)) {
          // Only those of this batch are asked for before the next one comes.
          contents.clear();
          for (const { key, content } of chunk) if (content !== undefined) contents.set(key, content);
          yield chunk.map(({ key, value }) => ({ key, value }));
        }
      }
    },
    async content(key) {
      const file = contents.get(key);
      return file && readFile(vault, file);
    },
  };
}

/** A backup to be restored from. */
export function backupOrigin(vault: Vault, manifest: Manifest): Origin {
  return {
    name: vault.name,
    identity: manifest.id,
    collections: manifest.collections.map((it) => sourceOf(vault, it)),
  };
}

/**
 * Looks at every file of a backup, and counts and adds up its records.
 * @param contents whether also at the bytes that belong to records: they are most of it
 * @throws StartError naming what is missing, damaged or not what the manifest says
 */
export async function checkBackup(
  vault: Vault,
  manifest: Manifest,
  options: { readonly contents: boolean; readonly onProgress: (progress: Progress) => void },
): Promise<void> {
  for (const { name, records, checksum, files } of manifest.collections) {
    const sum = createSum();
    for (const file of files) {
      const lines = await readLines(vault, file);
      for (const it of lines) {
        sum.add(it);
        if (options.contents && it.content !== undefined) await readFile(vault, it.content);
      }
      options.onProgress({ phase: "checking", collection: name, done: sum.totals().records, total: records });
    }
    const found = sum.totals();
    if (found.records !== records || found.checksum !== checksum)
      throw new StartError(`The ${name} in ${vault.name} are not those that its manifest tells of.`);
  }
}
