import { existsSync, readFileSync } from "node:fs";
import type { Env } from "#kit/env.ts";
import { readSettings } from "#kit/settings.ts";
import { StartError } from "#kit/start-error.ts";
import { BACKUP_URL } from "./vault-place.ts";

/** What makes the settings look at all that goes with an engine. */
const WITH_ENGINES: Env = {
  REDIS_URL: "redis://host",
  S3_URL: "https://key:secret@host/bucket",
  KAFKA_BROKERS: "host:9092",
};
/** Of these, any says where a shop is. */
const STORES = ["POSTGRES_URL", "MONGODB_URL", "REDIS_URL", "S3_URL", "KAFKA_BROKERS", "DATA_DIR"];
/** What else may be in a file that Compose reads. */
const COMPOSE_EXAMPLE = new URL("../../.env.example", import.meta.url);
/** Names that belong to Node.js and to Compose, who look at the same files. */
const OF_OTHERS = /^(NODE|COMPOSE)_/;
const NAMED_MAX = 5;
const EDITS_MAX = 3;
const LETTERS_PER_EDIT = 3;

/** The names of all settings: those that are asked for when settings are read. */
export function settingNames(): ReadonlySet<string> {
  const names = new Set<string>();
  const get = (env: Env, name: string | symbol) => {
    if (typeof name !== "string") return undefined;
    names.add(name);
    return env[name];
  };
  readSettings(new Proxy(WITH_ENGINES, { get }));
  return names;
}

function composeNames(): string[] {
  if (!existsSync(COMPOSE_EXAMPLE)) return [];
  return [...readFileSync(COMPOSE_EXAMPLE, "utf8").matchAll(/^#(\w+)=/gm)].map(([, name = ""]) => name);
}

/** How many letters must be put in, taken out or exchanged to make one word another. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [at, other] of [...to].entries())
      next.push(Math.min((row[at] ?? 0) + (letter === other ? 0 : 1), (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The name that is probably meant by a mistyped one; undefined where none is near. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const most = Math.min(EDITS_MAX, Math.floor(name.length / LETTERS_PER_EDIT));
  const near = names.map((it) => ({ it, far: edits(name.toUpperCase(), it) })).filter(({ far }) => far <= most);
  return near.sort((a, b) => a.far - b.far)[0]?.it;
}

/**
 * Sees that a file of settings says where a shop is: with a mistyped name a part of it would be taken for another place.
 * @throws StartError that names what is no setting, and what was probably meant
 */
export function checkSettingsFile(path: string, env: Env): void {
  const names = [...settingNames(), ...composeNames(), BACKUP_URL];
  const unknown = Object.keys(env).filter((it) => !names.includes(it) && !OF_OTHERS.test(it));
  if (unknown.length > 0) {
    const told = unknown.slice(0, NAMED_MAX).map((it) => {
      const meant = nearest(it, names);
      return meant === undefined ? it : `${it} (probably ${meant})`;
    });
    const more = unknown.length > NAMED_MAX ? ` and ${unknown.length - NAMED_MAX} more` : "";
    throw new StartError(
      `In ${path}, these are no settings of Shopmesh: ${told.join(", ")}${more}. Mend or remove them.`,
    );
  }
  if (!STORES.some((it) => env[it]))
    throw new StartError(`${path} does not say where a shop is: it sets none of ${STORES.join(", ")}.`);
}
