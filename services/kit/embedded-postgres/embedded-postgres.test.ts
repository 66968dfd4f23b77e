import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { chown, mkdtemp, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StartError } from "../start-error.ts";
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from "./index.ts";
import { isAlive } from "./process.ts";

/** Starts PostgreSQL in a process of its own, says how that went, and stops it when its input ends. */
const OWNER = `
  import { startEmbeddedPostgres } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
  const say = (message) => console.log(JSON.stringify(message));
  try {
    const { pid, stop } = await startEmbeddedPostgres({ dataDir: process.argv[1], log: (log) => say({ log }) });
    say({ pid });
    process.stdin.resume().once("end", stop);
  } catch ({ name, message }) {
    say({ name, message });
  }`;

interface Outcome {
  readonly owner: ChildProcess;
  readonly pid?: number;
  readonly message?: string;
  readonly name?: string;
}

let dataDir: string;
let running: EmbeddedPostgres[];
let owners: ChildProcess[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(await realpath(tmpdir()), "shopmesh-test-"));
  // As root, another user runs the server and has to enter it.
  chmodSync(dataDir, 0o755);
  running = [];
  owners = [];
});

afterEach(async () => {
  const left = owners.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  await Promise.all(
    left.map((owner) => {
      owner.stdin?.end();
      return once(owner, "exit");
    }),
  );
  for (const postgres of running) await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, ...options });
  running.push(postgres);
  return postgres;
}

function spawnOwner(): ChildProcess {
  const owner = spawn(process.execPath, ["--input-type=module", "--eval", OWNER, dataDir], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  owners.push(owner);
  return owner;
}

async function outcome(owner: ChildProcess): Promise<Outcome> {
  if (owner.stdout) {
    for await (const line of createInterface(owner.stdout)) {
      const said = JSON.parse(line);
      if (!said.log) return { owner, ...said };
    }
  }
  throw new Error("the owner said nothing");
}

async function kill(owner: ChildProcess): Promise<void> {
  owner.kill("SIGKILL");
  await once(owner, "exit");
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    const result: pg.QueryArrayResult = await client.query({ text: sql, rowMode: "array" });
    return result.rows.flat();
  } finally {
    await client.end();
  }
}

const STORE = "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer";
const READ = "SELECT answer FROM kept";

test("a first start makes a durable UTF-8 database with the extensions for searching; the next start finds it", async () => {
  const first = await start();
  for (const sql of [STORE, "CREATE EXTENSION pg_trgm", "CREATE EXTENSION unaccent"]) await query(first.url, sql);
  const settings = "SELECT unnest(ARRAY[current_database(), current_setting('server_encoding'), current_user])";
  expect(await query(first.url, settings)).toEqual(["shopmesh", "UTF8", "shopmesh"]);
  expect(await query(first.url, "SHOW fsync")).toEqual(["on"]);
  expect(await query(first.url, "SELECT lower('ÀÉ') || unaccent('é') || show_trgm('ñ')::text")).toEqual([
    expect.stringMatching(/^àée\{.+\}$/),
  ]);
  await first.stop();
  await first.stop();
  expect(isAlive(first.pid)).toBe(false);

  const second = await start();
  expect(await query(second.url, READ)).toEqual([42]);
});

test("the server refuses whoever does not know the password, and keeps its files from other users", async () => {
  const { url } = await start();
  const stranger = new URL(url);
  stranger.password = "guess";
  await expect(query(stranger.href, "SELECT 1")).rejects.toThrow(/password authentication failed/);
  const modes = ["postgres", "postgres/password", "postgres/server.log"].map(
    (name) => statSync(join(dataDir, name)).mode,
  );
  expect(modes.map((mode) => mode & 0o077)).toEqual([0, 0, 0]);
});

test("the server lives in a session of its own, where Ctrl-C does not reach it", async () => {
  const { pid } = await start();
  const session = process.platform === "linux" ? readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[5] : String(pid);
  expect(session).toBe(String(pid));
});

test("a second start on the same directory says who has it", async () => {
  const { pid } = await start();
  await expect(start()).rejects.toThrow(
    new StartError(
      `Another Shopmesh is already running on ${dataDir} (process ${process.pid}); stop it or set DATA_DIR to ` +
        "another directory.",
    ),
  );
  expect(isAlive(pid)).toBe(true);
  const alias = join(dataDir, "alias");
  await symlink(dataDir, alias);
  await expect(start({ dataDir: alias })).rejects.toThrow(/already running/);
});

test("of simultaneous first starts exactly one wins, and the others say why not", async () => {
  const outcomes = await Promise.all([spawnOwner(), spawnOwner(), spawnOwner()].map(outcome));
  const [winner, ...others] = outcomes.filter(({ pid }) => pid !== undefined);
  expect(others).toEqual([]);
  for (const { name, message } of outcomes.filter((it) => it !== winner)) {
    expect(name).toBe("StartError");
    expect(message).toContain(`(process ${winner?.owner.pid})`);
  }
  expect(readdirSync(dataDir)).toEqual(["postgres"]);
});

test("after the owner was killed, the next start takes its server over, keeps it, and stops it", async () => {
  const { owner, pid } = await outcome(spawnOwner());
  await kill(owner);
  const postgres = await start();
  expect(postgres.pid).toBe(pid);
  await query(postgres.url, STORE);
  await expect(start()).rejects.toThrow(/already running/);
  await postgres.stop();
  expect(isAlive(postgres.pid)).toBe(false);
  expect(await query((await start()).url, READ)).toEqual([42]);
});

test("after the server was killed, its owner is told, and the next start recovers what was committed", async () => {
  const exited = Promise.withResolvers<string>();
  const postgres = await start({ onExit: exited.resolve });
  await query(postgres.url, STORE);
  process.kill(postgres.pid, "SIGKILL");
  const next = start();
  expect(await exited.promise).toContain(join(dataDir, "postgres", "server.log"));
  expect(await query((await next).url, READ)).toEqual([42]);
});

test("when one of its processes crashes, the server stays with its owner", async () => {
  let reason: string | undefined;
  const postgres = await start({ onExit: (said) => (reason = said) });
  const backends = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'shopmesh-owner:%'";
  process.kill(Number((await query(postgres.url, backends))[0]), "SIGKILL");
  let owned: unknown[] = [];
  while (owned.length === 0) {
    owned = await query(postgres.url, backends).catch(() => []);
    await sleep(20);
  }
  await expect(start()).rejects.toThrow(/already running/);
  expect(reason).toBeUndefined();
});

test("an interrupted creation is not taken for a database", async () => {
  const owner = spawnOwner();
  while (!readdirSync(dataDir).some((name) => existsSync(join(dataDir, name, "data", "PG_VERSION")))) await sleep(2);
  await kill(owner);
  const { url } = await start();
  expect(await query(url, "SELECT 1")).toEqual([1]);
  expect(readdirSync(dataDir)).toEqual(["postgres"]);
});

test("a process id that another program got after a crash does not keep PostgreSQL from starting", async () => {
  const first = await start();
  const pidFile = join(dataDir, "postgres", "data", "postmaster.pid");
  const left = readFileSync(pidFile, "utf8");
  await first.stop();
  await writeFile(pidFile, left.replace(/^\d+/, String(process.pid)), { mode: 0o600 });
  const { uid, gid } = await stat(join(dataDir, "postgres", "data"));
  await chown(pidFile, uid, gid);
  expect(await query((await start()).url, "SELECT 1")).toEqual([1]);
});

test("data of another major version is left alone", async () => {
  await (await start()).stop();
  await writeFile(join(dataDir, "postgres", "data", "PG_VERSION"), "17\n");
  await expect(start()).rejects.toThrow(/was made by PostgreSQL 17, and this is PostgreSQL 18/);
});

test("a directory that is a file is named", async () => {
  const file = join(dataDir, "file");
  await writeFile(file, "");
  await expect(start({ dataDir: file })).rejects.toThrow(
    new StartError(`${file} is not a directory; remove it or set DATA_DIR to another directory.`),
  );
});
