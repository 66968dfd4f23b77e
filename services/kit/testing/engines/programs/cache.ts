import { mkdir, mkdtemp, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "#kit/embedded-postgres/process.ts";
import { exists } from "./find.ts";

const LOCK_POLL_MS = 200;

/** Where programs for tests are kept, outside the checkout: `ENGINES_CACHE`, or a folder in the user's cache. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return env.ENGINES_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "shopmesh-engines");
}

/**
 * The folder of a program in the cache, made once. It comes into being whole or not at all: `install` fills a folder
 * beside it, which then takes its name. Whoever wants the same at the same time waits for the one that began.
 *
 * @param key the program with its version: "kafka-4.1.1"
 * @throws what `install` throws
 */
export async function cached(key: string, install: (folder: string) => Promise<void>): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, key);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  return underLock(`${folder}.lock`, async () => {
    if (await exists(folder)) return folder;
    const unfinished = await mkdtemp(`${folder}.unfinished-`);
    process.stderr.write(`Getting ${key} for the tests, once …\n`);
    try {
      await install(unfinished);
      // Somebody who took this lock for a dead one's may have been faster.
      await rename(unfinished, folder).catch(async (error: unknown) => {
        if (!(await exists(folder))) throw error;
      });
      return folder;
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  });
}

/** Runs something while no other process that asks for the same lock does. A lock whose process has died is none. */
export async function underLock<T>(file: string, run: () => Promise<T>): Promise<T> {
  while (!(await lock(file))) await sleep(LOCK_POLL_MS);
  try {
    return await run();
  } finally {
    await rm(file, { force: true });
  }
}

async function lock(file: string): Promise<boolean> {
  try {
    const handle = await open(file, "wx");
    await handle.writeFile(`${process.pid}`);
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const owner = await readFile(file, "utf8").catch(() => "");
  // An empty one is being written this moment.
  if (owner !== "" && !isAlive(Number(owner))) await rm(file, { force: true });
  return false;
}
