import { StartError } from "#kit/start-error.ts";
import type { Vault } from "./vault.ts";
import type { Versions } from "./versions.ts";

/** A file of a backup. */
export interface BackupFile {
  readonly path: string;
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  readonly records: number;
}

/** What a backup has of a collection. */
export interface BackupCollection {
  readonly name: string;
  /** The form of its records. */
  readonly version: number;
  readonly records: number;
  /** Of all records; see kit/portable/canonical.ts. */
  readonly checksum: string;
  readonly files: readonly BackupFile[];
}

/** What a backup says of itself, in `manifest.json`: written last, so that a backup with one is whole. */
export interface Manifest {
  readonly format: typeof FORMAT;
  readonly formatVersion: number;
  readonly id: string;
  readonly createTime: string;
  /** "one moment": all of it was read from one snapshot; "by engine": each engine by itself, one after the other. */
  readonly consistency: "one moment" | "by engine";
  /** Services that were connected to the shop meanwhile, or may have been. */
  readonly live: readonly string[];
  /** The versions of the schemas in PostgreSQL. */
  readonly schemas: Versions;
  readonly collections: readonly BackupCollection[];
}

const FORMAT = "shopmesh-backup";
/** Grows when programs of before could not read a backup. */
const FORMAT_VERSION = 1;
const MANIFEST = "manifest.json";

/** Writes the manifest, which makes a backup one. */
export async function writeManifest(
  vault: Vault,
  content: Omit<Manifest, "format" | "formatVersion">,
): Promise<Manifest> {
  const manifest: Manifest = { format: FORMAT, formatVersion: FORMAT_VERSION, ...content };
  await vault.write(MANIFEST, Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`));
  return manifest;
}

function parse(text: string, name: string): Manifest {
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.format === FORMAT) return manifest;
  } catch {
    // Said below.
  }
  throw new StartError(`${name} is no backup: its ${MANIFEST} is something else, or damaged.`);
}

/**
 * Reads the manifest of a backup.
 * @throws StartError when there is none, or when a newer program made it
 */
export async function readManifest(vault: Vault, known: Versions): Promise<Manifest> {
  const bytes = await vault.read(MANIFEST);
  if (bytes === undefined)
    throw new StartError(`${vault.name} holds no backup, or one that was not finished: it has no ${MANIFEST}.`);
  const manifest = parse(Buffer.from(bytes).toString("utf8"), vault.name);
  if (manifest.formatVersion !== FORMAT_VERSION)
    throw new StartError(
      `The backup in ${vault.name} has the format ${manifest.formatVersion}; this program reads format ${FORMAT_VERSION}.`,
    );
  for (const [schema, migrations] of Object.entries(manifest.schemas)) {
    const newer = migrations.find((it) => known[schema] !== undefined && !known[schema].includes(it));
    if (newer !== undefined)
      throw new StartError(
        `The backup in ${vault.name} was made by a newer version ("${schema}" has ${newer}): restore it with that one.`,
      );
  }
  return manifest;
}
