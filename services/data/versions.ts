import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { PostgresSession } from "#kit/portable/session.ts";
import type { Settings } from "#kit/settings.ts";
import { StartError } from "#kit/start-error.ts";
import { SERVICES } from "./services.ts";

/** The names of the migrations that make up each schema, oldest first. */
export type Versions = Readonly<Record<string, readonly string[]>>;

/** What this program knows of the schemas in PostgreSQL. */
export async function knownVersions(settings: Settings): Promise<Versions> {
  const versions: Record<string, readonly string[]> = {};
  for (const { workload, schemaOf } of SERVICES) {
    const folder = schemaOf(settings)?.migrations;
    if (folder === undefined) continue;
    const files = await readdir(fileURLToPath(folder));
    versions[workload] = files.map((it) => it.replace(/\.sql$/, "")).sort();
  }
  return versions;
}

/** What a shop's database says of one of its schemas; undefined where it has none such. */
async function foundVersions(postgres: PostgresSession, schema: string): Promise<readonly string[] | undefined> {
  const table = `"${schema}".migrations`;
  const { rows: there } = await postgres.query<{ there: boolean }>("SELECT to_regclass($1) IS NOT NULL AS there", [
    table,
  ]);
  if (there[0]?.there !== true) return undefined;
  return (await postgres.query<{ name: string }>(`SELECT name FROM ${table}`)).rows.map((it) => it.name);
}

/**
 * Sees that a shop is of this version.
 * @throws StartError when its schemas are older or newer
 */
export async function checkVersions(name: string, settings: Settings, postgres: PostgresSession): Promise<void> {
  for (const [schema, known] of Object.entries(await knownVersions(settings))) {
    const found = await foundVersions(postgres, schema);
    if (found === undefined) throw new StartError(`There is no shop at ${name}: it has no schema "${schema}".`);
    const missing = known.find((it) => !found.includes(it));
    if (missing !== undefined)
      throw new StartError(
        `The shop at ${name} is of an older version ("${schema}" lacks ${missing}): start it once with this one, or migrate it.`,
      );
    const unknown = found.find((it) => !known.includes(it));
    if (unknown !== undefined)
      throw new StartError(`The shop at ${name} is of a newer version ("${schema}" has ${unknown}): use that one.`);
  }
}
