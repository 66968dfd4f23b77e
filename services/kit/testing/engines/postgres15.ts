import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { postgresFolder } from "./programs/postgres.ts";
import { startServer, type TestServer } from "./server.ts";
import { unprivilegedUser } from "./user.ts";

const HOST = "127.0.0.1";
const ROLE = "shop";
const DATABASE = "postgres";
const TIMEOUT_MS = 5_000;
const CONNECTIONS_MAX = 300;

/** Where a PostgreSQL keeps its data, and what it follows. */
export interface PostgresOptions {
  readonly folder?: string;
  readonly port?: number;
  /** Makes it a read replica of this one: it streams its changes and takes no writes. */
  readonly replicaOf?: TestServer;
  /** More settings: { synchronous_commit: "off" }. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts Debian's PostgreSQL 15, one of its own: two seconds. What is committed survives `kill`. */
export async function startPostgres15({
  folder,
  port,
  replicaOf,
  settings,
}: PostgresOptions = {}): Promise<TestServer> {
  const programs = await postgresFolder();
  const user = unprivilegedUser(["postgres"]);
  const run = (program: string, args: readonly string[], cwd: string) =>
    promisify(execFile)(join(programs, program), [...args], { cwd, ...user });
  return startServer({
    name: "postgres15",
    folder,
    port,
    user,
    async command(onPort, dir) {
      const data = join(dir, "data");
      const initial = ["-D", data, "-U", ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
      if (!existsSync(data)) {
        if (replicaOf === undefined) await run("initdb", initial, dir);
        else await run("pg_basebackup", ["-d", replicaOf.url, "-D", data, "-R", "-c", "fast"], dir);
      }
      const all = { ...SETTINGS, port: `${onPort}`, listen_addresses: HOST, ...settings };
      return [
        join(programs, "postgres"),
        "-D",
        data,
        ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ];
    },
    isReady: (onPort) => answers(url(onPort)),
    url,
    stopSignal: "SIGINT",
  });
}

const SETTINGS = {
  unix_socket_directories: "",
  max_connections: `${CONNECTIONS_MAX}`,
  shared_buffers: "64MB",
  timezone: "UTC",
};

const url = (port: number) => `postgres://${ROLE}@${HOST}:${port}/${DATABASE}`;

/** Fails as long as the database behind a URL answers no question. */
export async function answers(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: TIMEOUT_MS });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT 1");
  } finally {
    await client.end().catch(() => {});
  }
}
