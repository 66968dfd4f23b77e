import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import type { Env } from "#kit/env.ts";
import { readSettings } from "#kit/settings.ts";
import { StartError } from "#kit/start-error.ts";
import { checkSettingsFile } from "./settings-file.ts";
import type { ShopPlace } from "./shop.ts";

const LAPTOP = "laptop";
const ENVIRONMENT = "environment";

function laptopAt(dataDir: string): ShopPlace {
  return { name: `${LAPTOP} (${dataDir})`, settings: readSettings({ DATA_DIR: dataDir, LOG_LEVEL: "warn" }) };
}

function fromFile(path: string): ShopPlace {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new StartError(
      `There is no file "${path}": name a shop by "${LAPTOP}", "${LAPTOP}:FOLDER", "${ENVIRONMENT}" or a file of settings such as .env.`,
    );
  const env = parseEnv(readFileSync(path, "utf8"));
  checkSettingsFile(path, env);
  return { name: path, settings: settingsOf(path, env) };
}

function settingsOf(path: string, env: Env) {
  try {
    return readSettings(env);
  } catch (error) {
    if (error instanceof StartError) throw new StartError(`In ${path}: ${error.message}`);
    throw error;
  }
}

/**
 * The shop that a word means: "laptop" what `npm start` keeps in DATA_DIR, "laptop:FOLDER" the same elsewhere, "environment" what the
 * variables of this process say, anything else a file of such variables.
 * @throws StartError
 */
export function shopPlace(word: string, env: Env): ShopPlace {
  if (word === LAPTOP) return laptopAt(env.DATA_DIR || ".data");
  if (word.startsWith(`${LAPTOP}:`)) return laptopAt(word.slice(LAPTOP.length + 1));
  if (word === ENVIRONMENT) return { name: "the environment's shop", settings: readSettings(env) };
  return fromFile(word);
}

/**
 * Sees that a shop to be read from is there, before a database is made in its place.
 * @throws StartError
 */
export function mustExist({ name, settings }: ShopPlace): void {
  if (settings.postgresUrl === undefined && !existsSync(join(settings.dataDir, "postgres")))
    throw new StartError(`There is no shop at ${name}: "${settings.dataDir}" holds no database.`);
}

/** Where its PostgreSQL is: a URL, or the folder of the one that npm brings. */
function databaseOf({ settings: { postgresUrl, dataDir } }: ShopPlace): string {
  return postgresUrl ?? (existsSync(dataDir) ? realpathSync(dataDir) : resolve(dataDir));
}

/**
 * Sees that two words do not mean one shop, before it is opened twice.
 * @throws StartError
 */
export function mustDiffer(from: ShopPlace, to: ShopPlace): void {
  if (databaseOf(from) !== databaseOf(to)) return;
  const names = from.name === to.name ? from.name : `${from.name} and ${to.name}`;
  throw new StartError(`Source and target are the same database, that of ${names}: name another with --to.`);
}
