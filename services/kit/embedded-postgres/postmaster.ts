import { closeSync, openSync, readFileSync, readlinkSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Binaries } from "./binaries.ts";
import type { Cluster } from "./cluster.ts";
import type { Launcher } from "./launcher.ts";
import { commandLine, exists, isAlive, sendSignal } from "./process.ts";

/** A running PostgreSQL server: its first process and the TCP port it listens on. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Whether it takes connections: not while it starts, recovers or stops. */
  readonly ready: boolean;
}

/** A server that this process has started and that may have given up. */
export interface Attempt {
  readonly exited: boolean;
  /** What it logged so far. */
  output(): string;
}

const LOG_MAX_BYTES = 1024 * 1024;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/** For a laptop: a small footprint, and no promise of durability given up. */
const SETTINGS: Readonly<Record<string, string>> = {
  cluster_name: "shopmesh",
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  timezone: "UTC",
  log_timezone: "UTC",
  max_connections: "200",
  shared_buffers: "32MB",
  maintenance_work_mem: "32MB",
  effective_cache_size: "256MB",
  huge_pages: "off",
  io_method: "sync",
  jit: "off",
  max_worker_processes: "2",
  max_parallel_workers_per_gather: "0",
  max_logical_replication_workers: "0",
  autovacuum: "on",
  autovacuum_max_workers: "1",
  wal_level: "minimal",
  max_wal_senders: "0",
  min_wal_size: "32MB",
  max_wal_size: "256MB",
  log_checkpoints: "off",
  // Servers' troubles only: the errors of statements go to whoever sent them, and may quote customers' data.
  log_min_messages: "log",
};
const DURABLE = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
};
/** Tests run as many shops at a time as there are processors. */
const VOLATILE = { max_connections: "600", fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

/** The server that runs on this cluster, whoever started it. */
export function findPostmaster(cluster: Cluster): Postmaster | undefined {
  const [pid, , , port, , , , status] = readPidFile(cluster);
  if (!pid || !isPostmaster(Number(pid), cluster)) return undefined;
  return {
    pid: Number(pid),
    port: Number(port),
    ready: status?.trim() === "ready",
  };
}

/** Starts a server; whether it gets ready is seen by `findPostmaster`. It outlives this process. */
export async function startPostmaster(
  cluster: Cluster,
  binaries: Binaries,
  launcher: Launcher,
  { durable, port }: { readonly durable: boolean; readonly port: number | undefined },
): Promise<Attempt> {
  const settings = {
    ...SETTINGS,
    ...(durable ? DURABLE : VOLATILE),
    port: String(port ?? (await freePort())),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const logStart = rotateLog(cluster.logFile);
  const log = openSync(cluster.logFile, "a", 0o600);
  launcher.own(cluster.logFile);
  const child = launcher.launch(binaries.postgres, ["-D", cluster.data, ...flags], ["ignore", log, log]);
  closeSync(log);
  let failure = "";
  child.on("error", (error) => {
    failure = error.message;
  });
  child.unref();
  return {
    get exited() {
      return failure !== "" || child.exitCode !== null || child.signalCode !== null;
    },
    output: () => failure || readFileSync(cluster.logFile).subarray(logStart).toString("utf8"),
  };
}

/** Ends the server and waits for it, cutting connections off; harder when that takes too long. */
export async function stopPostmaster(pid: number): Promise<void> {
  for (const signal of ["SIGINT", "SIGQUIT"] as const) {
    sendSignal(pid, signal);
    if (await hasEnded(pid)) return;
  }
  throw new Error(`PostgreSQL (process ${pid}) did not stop`);
}

/**
 * PostgreSQL does not start where the process id that a crash left in its file is in use again, or where nobody has
 * collected its exit status. Only what is surely no PostgreSQL is taken for that.
 */
export function removeStalePidFile(cluster: Cluster): void {
  const [pid] = readPidFile(cluster);
  if (pid && exists(Number(pid)) && !/postgres/.test(commandLine(Number(pid))))
    rmSync(pidFile(cluster), { force: true });
}

function pidFile(cluster: Cluster): string {
  return join(cluster.data, "postmaster.pid");
}

function readPidFile(cluster: Cluster): string[] {
  try {
    return readFileSync(pidFile(cluster), "utf8").split("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function isPostmaster(pid: number, cluster: Cluster): boolean {
  const command = commandLine(pid);
  if (!/postgres/.test(command)) return false;
  if (command.includes(cluster.data)) return true;
  try {
    // The data may have been moved while the server ran.
    return readlinkSync(`/proc/${pid}/cwd`) === cluster.data;
  } catch {
    return false;
  }
}

async function hasEnded(pid: number): Promise<boolean> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Keeps the log of the latest starts and the one before, and returns its length. */
function rotateLog(path: string): number {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= LOG_MAX_BYTES) return bytes;
  renameSync(path, `${path}.1`);
  return 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("could not bind any port");
  return address.port;
}
