import { mkdir, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { StartError } from "../start-error.ts";
import { findBinaries } from "./binaries.ts";
import { type Cluster, checkVersion, clusterAt, ensureCluster, readPassword } from "./cluster.ts";
import { explain } from "./errors.ts";
import { createLauncher } from "./launcher.ts";
import { DATABASE, databaseUrl, takeOwnership } from "./owner.ts";
import {
  type Attempt,
  findPostmaster,
  type Postmaster,
  removeStalePidFile,
  startPostmaster,
  stopPostmaster,
} from "./postmaster.ts";
import { isAlive } from "./process.ts";

/** How to run the PostgreSQL that comes with Shopmesh. */
export interface EmbeddedPostgresOptions {
  /** Keeps everything, in a folder `postgres`; created when missing. */
  readonly dataDir: string;
  /** Told what happens, for progress messages. */
  readonly log?: (message: string) => void;
  /** Called once when the server ends, or is lost to another process, without `stop()`. */
  readonly onExit?: (reason: string) => void;
  /** Where it shall listen, as where it did before; a free port otherwise. */
  readonly port?: number;
  /** False lets a crash of the machine destroy the data; for tests, which it makes faster. */
  readonly durable?: boolean;
}

/** A running PostgreSQL that belongs to this process. */
export interface EmbeddedPostgres {
  /** Where the shop's database is, with the password of the role that owns it. */
  readonly url: string;
  readonly dataDir: string;
  /** The server's first process. */
  readonly pid: number;
  /** Ends the server, cutting connections off, and waits until it has ended. */
  stop(): Promise<void>;
}

interface Owned {
  readonly postmaster: Postmaster;
  readonly connection: pg.Client;
}

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 15;
/** Attempts that fail for a passing reason: a port just taken, processes of a killed server still there. */
const MAX_ATTEMPTS = 20;
const RETRY_MS = 300;
const PASSING = /lock file .* already exists|is still in use|could not bind|could not create any TCP\/IP sockets/;

/**
 * Starts PostgreSQL on a directory, creating the database first when there is none, or takes over a server that a
 * killed Shopmesh left running there. Never two at a time on one directory.
 *
 * @throws StartError with a sentence for whoever starts the program.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {});
  let cluster = clusterAt(resolve(options.dataDir));
  try {
    await mkdir(cluster.dataDir, { recursive: true });
    // One name for one directory: the server is recognised by it.
    cluster = clusterAt(await realpath(cluster.dataDir));
    const binaries = await findBinaries();
    const launcher = createLauncher(binaries.postgres, cluster.dataDir, cluster.directory);
    await ensureCluster(cluster, binaries, launcher, log);
    await checkVersion(cluster, binaries.major);
    const password = await readPassword(cluster);
    const { durable = true, port, onExit = () => {} } = options;
    const start = () => startPostmaster(cluster, binaries, launcher, { durable, port });
    const owned = await acquire(cluster, password, start);
    log(`PostgreSQL is ready (process ${owned.postmaster.pid})`);
    return hold(cluster, password, owned, onExit);
  } catch (error) {
    throw explain(error, cluster.dataDir, cluster.logFile);
  }
}

/** Finds the server or starts it, as often as it takes, until this process owns it. */
async function acquire(cluster: Cluster, password: string, start: () => Promise<Attempt>): Promise<Owned> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let attempt: Attempt | undefined;
  for (let attempts = 0; Date.now() < deadline; await sleep(POLL_MS)) {
    const postmaster = findPostmaster(cluster);
    if (postmaster?.ready) {
      const connection = await takeOwnership(postmaster.port, password, cluster.dataDir);
      if (connection) return { postmaster, connection };
    }
    if (postmaster || (attempt && !attempt.exited)) continue;
    if (attempt) {
      const output = attempt.output();
      if (!PASSING.test(output) || attempts >= MAX_ATTEMPTS) throw new Error(output);
      removeStalePidFile(cluster);
      await sleep(RETRY_MS);
    }
    attempts += 1;
    attempt = await start();
  }
  throw new StartError(
    `PostgreSQL was not ready within ${START_TIMEOUT_MS / 1000} seconds; look into ${cluster.logFile} and start again.`,
  );
}

/** Keeps the server for this process until `stop()`, or until it is gone. */
function hold(cluster: Cluster, password: string, owned: Owned, onExit: (reason: string) => void): EmbeddedPostgres {
  const { pid, port } = owned.postmaster;
  let connection: pg.Client | undefined;
  let stopped: Promise<void> | undefined;
  watch(owned.connection);
  return {
    url: databaseUrl(port, password, DATABASE),
    dataDir: cluster.dataDir,
    pid,
    stop() {
      stopped ??= end();
      return stopped;
    },
  };

  function watch(next: pg.Client): void {
    connection = next;
    next.once("end", () => {
      connection = undefined;
      if (!stopped) retake().catch((error) => lose(explain(error, cluster.dataDir).message));
    });
  }

  /** When one of its processes crashes, the server cuts all connections off, recovers, and goes on. */
  async function retake(): Promise<void> {
    while (!stopped) {
      if (!isAlive(pid)) return lose(`PostgreSQL ended by itself; its log is ${cluster.logFile}.`);
      const next = await takeOwnership(port, password, cluster.dataDir);
      if (next) return watch(next);
      await sleep(RETRY_MS);
    }
  }

  function lose(reason: string): void {
    if (stopped) return;
    stopped = Promise.resolve();
    onExit(reason);
  }

  async function end(): Promise<void> {
    // The lock goes with the server: released before, another Shopmesh could take a server that is about to end.
    await stopPostmaster(pid);
    await connection?.end().catch(() => {});
  }
}
