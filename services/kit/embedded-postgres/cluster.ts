import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { StartError } from "../start-error.ts";
import type { Binaries } from "./binaries.ts";
import type { Launcher } from "./launcher.ts";
import { isAlive } from "./process.ts";

/** Where one PostgreSQL keeps its files; everything is below `directory`, which appears whole or not at all. */
export interface Cluster {
  readonly dataDir: string;
  readonly directory: string;
  /** PostgreSQL's own data directory. */
  readonly data: string;
  readonly passwordFile: string;
  readonly logFile: string;
}

/** Owner of everything in the database. */
export const ROLE = "shopmesh";

const PASSWORD_BYTES = 32;
const DRAFT_PREFIX = "postgres.new-";
/** A creation takes seconds; whatever is older was interrupted, even where its process id is in use again. */
const DRAFT_MAX_AGE_MS = 10 * 60_000;

/** Names the files of the cluster in `dataDir`. */
export function clusterAt(dataDir: string, directory = join(dataDir, "postgres")): Cluster {
  return {
    dataDir,
    directory,
    data: join(directory, "data"),
    passwordFile: join(directory, "password"),
    logFile: join(directory, "server.log"),
  };
}

/**
 * Creates the cluster unless it is there. It is made beside its place and renamed when complete and on disk, so an
 * interrupted creation is never taken for a good one, and of two at a time the first wins.
 */
export async function ensureCluster(
  cluster: Cluster,
  binaries: Binaries,
  launcher: Launcher,
  log: (message: string) => void,
): Promise<void> {
  if (await isCreated(cluster)) return;
  log(`Creating the database in ${cluster.directory}`);
  await removeInterrupted(cluster.dataDir);
  const name = `${DRAFT_PREFIX}${process.pid}-${randomBytes(4).toString("hex")}`;
  const draft = clusterAt(cluster.dataDir, join(cluster.dataDir, name));
  try {
    await mkdir(draft.directory, { mode: 0o700 });
    const password = randomBytes(PASSWORD_BYTES).toString("hex");
    await writeFile(draft.passwordFile, `${password}\n`, {
      mode: 0o600,
      flush: true,
    });
    for (const path of [draft.directory, draft.passwordFile]) launcher.own(path);
    await initialise(draft, binaries, launcher);
    await rename(draft.directory, cluster.directory);
    await syncDirectory(cluster.dataDir);
  } catch (error) {
    await rm(draft.directory, { recursive: true, force: true });
    if (!(await isCreated(cluster))) throw error;
  }
}

/** @throws StartError when another major version of PostgreSQL made the cluster: it could not read it. */
export async function checkVersion(cluster: Cluster, major: string): Promise<void> {
  const version = (await readFile(join(cluster.data, "PG_VERSION"), "utf8")).trim();
  if (version === major) return;
  throw new StartError(
    `${cluster.directory} was made by PostgreSQL ${version}, and this is PostgreSQL ${major}; move it with pg_dump ` +
      "of the old version, or set DATA_DIR to another directory.",
  );
}

/** The password of ROLE. */
export async function readPassword(cluster: Cluster): Promise<string> {
  return (await readFile(cluster.passwordFile, "utf8")).trim();
}

async function isCreated(cluster: Cluster): Promise<boolean> {
  const found = await stat(join(cluster.data, "PG_VERSION")).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  return found !== undefined;
}

async function initialise(cluster: Cluster, binaries: Binaries, launcher: Launcher): Promise<void> {
  // Sorting by code point is the same everywhere and fast; the C library's part is only to tell letters apart.
  const characters = { linux: "C.UTF-8", darwin: "en_US.UTF-8" }[process.platform as string] ?? "C";
  const output = await run(characters);
  if (output === undefined) return;
  // A system without that locale: letters outside ASCII are then not letters for pg_trgm, all else works.
  const again = /invalid locale name/.test(output) ? await run("C") : output;
  if (again !== undefined) throw new Error(again);

  async function run(ctype: string): Promise<string | undefined> {
    const child = launcher.launch(
      binaries.initdb,
      [
        `--pgdata=${cluster.data}`,
        `--username=${ROLE}`,
        `--pwfile=${cluster.passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        `--lc-ctype=${ctype}`,
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
      ],
      ["ignore", "ignore", "pipe"],
    );
    const closed = once(child, "close");
    const output = child.stderr ? text(child.stderr) : "";
    const [code, signal] = await closed;
    return code === 0 ? undefined : `${await output}\ninitdb ended with ${signal ?? code}`;
  }
}

async function removeInterrupted(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(DRAFT_PREFIX)) continue;
    const path = join(dataDir, name);
    const made = await stat(path).catch(() => undefined);
    const pid = Number(name.slice(DRAFT_PREFIX.length).split("-")[0]);
    if (made && isAlive(pid) && Date.now() - made.mtimeMs < DRAFT_MAX_AGE_MS) continue;
    // A killed start leaves its initdb behind, which goes on writing until it misses what is removed here.
    await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  await directory.sync().finally(() => directory.close());
}
