import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createProofs, type Proofs } from "#kit/identity/proof.ts";
import { workloadSecret } from "#kit/identity/secret.ts";
import { DEFAULT_PORTS, type Workload } from "#kit/settings.ts";
import type { Programs } from "./processor-time.ts";

/** The shop as `npm start` runs it, in a process of its own. */
export interface RunningShop {
  /** The process of all services (SHOP), PostgreSQL, and the engines it runs on. */
  readonly programs: Programs;
  readonly postgresUrl: string;
  /** Proves who calls, as the shop's own processes do it: with the secret of the data directory. */
  readonly proofs: Proofs;
  /** Where the inspector listens; undefined unless it was asked for. */
  readonly inspectorUrl: string | undefined;
  /** "http://127.0.0.1:3001". */
  url(workload: Workload): string;
  stop(): Promise<void>;
}

/** What the process of all services is called in figures. */
export const SHOP = "shop";

/** What a measured shop runs on. */
export interface ShopOptions {
  readonly dataDir: string;
  readonly inspect: boolean;
  /** Engines besides PostgreSQL: the settings that name them, and their processes. */
  readonly engines?: { readonly env: Readonly<Record<string, string>>; readonly programs: Programs };
}

/** The administrator of the measured shop. */
export const ADMIN = { email: "admin@shopmesh.example", password: "bench-administrator" };

const MAIN = fileURLToPath(new URL("../../services/shop.ts", import.meta.url));
const WORKLOADS = Object.keys(DEFAULT_PORTS) as Workload[];
const START_TIMEOUT_MS = 120_000;
const POLL_MS = 100;
const OUTPUT_MAX_LENGTH = 20_000;

/** Ports that are free now; all are held until all are known, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((it) => once(it, "listening")));
  const ports = servers.map((it) => (it.address() as { port: number }).port);
  await Promise.all(servers.map((it) => once(it.close(), "close")));
  return ports;
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/ready`).then(
    (it) => it.ok,
    () => false,
  );
}

function launch({ dataDir, inspect, engines }: ShopOptions, ports: ReadonlyMap<Workload, number>) {
  const portSettings = Object.fromEntries(
    [...ports].map(([workload, port]) => [`${workload.toUpperCase()}_PORT`, `${port}`]),
  );
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATA_DIR: dataDir,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    // Parcels that ship themselves would be work that nobody asked for.
    SIMULATE_FULFILMENT: "false",
    ...portSettings,
    ...engines?.env,
  };
  const flags = inspect ? ["--inspect=127.0.0.1:0"] : [];
  const child = spawn(process.execPath, [...flags, MAIN], { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (text = (text + chunk.toString()).slice(-OUTPUT_MAX_LENGTH)));
  return { child, output: () => text };
}

async function whenReady(child: ChildProcess, urls: readonly string[], output: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await Promise.all(urls.map(isReady))).every(Boolean)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`The shop did not start:\n${output()}`);
    await sleep(POLL_MS);
  }
}

/** Starts the whole shop on free ports and a data directory, and waits until all services are ready. */
export async function startShop(options: ShopOptions): Promise<RunningShop> {
  const free = await freePorts(WORKLOADS.length);
  const ports = new Map(WORKLOADS.map((it, index) => [it, free[index] ?? 0]));
  const url = (workload: Workload) => `http://127.0.0.1:${ports.get(workload)}`;
  const { child, output } = launch(options, ports);
  const inspectorPattern = /Debugger listening on (ws:\S+)/;
  const ended = once(child, "exit");
  // The shop must not outlive who measures it.
  process.once("exit", () => child.kill("SIGTERM"));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  try {
    const { pid } = child;
    if (pid === undefined) throw new Error("The shop could not be started");
    await whenReady(child, WORKLOADS.map(url), output);
    const cluster = join(options.dataDir, "postgres");
    const [postmasterPid, , , postgresPort] = readFileSync(join(cluster, "data/postmaster.pid"), "utf8").split("\n");
    const password = readFileSync(join(cluster, "password"), "utf8").trim();
    return {
      programs: new Map([[SHOP, pid], ["PostgreSQL", Number(postmasterPid)], ...(options.engines?.programs ?? [])]),
      postgresUrl: `postgres://shopmesh:${password}@127.0.0.1:${postgresPort}/shopmesh`,
      proofs: createProofs(await workloadSecret(options.dataDir)),
      inspectorUrl: inspectorPattern.exec(output())?.[1],
      url,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
