import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { createClients } from "#kit/clients.ts";
import type { Workload } from "#kit/settings.ts";
import { freePort } from "#kit/testing/engines/ports.ts";
import { type Alone, startAlone } from "./alone.ts";

/** A shop whose services run one process each, or several. */
export interface ReplicatedShop {
  readonly processes: readonly ShopProcess[];
  /** A client as the edge is one: its calls are balanced over the replicas, and tried again where they may be. */
  client<T extends DescService>(service: T): Client<T>;
  /** A client whose calls are tried once: what it is told is what the service says. */
  onceClient<T extends DescService>(service: T): Client<T>;
  /** Why replicas of a workload are not ready, a sentence each; none when all of them are. */
  notReady(workload: Workload): Promise<string[]>;
  /** Processes that have ended though nobody told them to, with what they said last. */
  died(): string[];
  close(): Promise<void>;
}

/** One replica of one service. */
export interface ShopProcess extends Alone {
  readonly workload: Workload;
  readonly baseUrl: string;
}

/** An administrator for a shop in processes. */
export const ADMINISTRATOR = { email: "admin@example.com", password: "administrator's password" };

const READY_TIMEOUT_MS = 120_000;
const POLL_MS = 200;
const ASK_TIMEOUT_MS = 5_000;
const OUTPUT_MAX_CHARS = 3_000;

/**
 * Starts so many processes of each service as `replicas` says, and waits until all are ready.
 *
 * @param env where the engines are, and what else they shall be told
 */
export async function startReplicas(
  replicas: Readonly<Partial<Record<Workload, number>>>,
  env: Readonly<Record<string, string>>,
): Promise<ReplicatedShop> {
  const dataDir = await mkdtemp(join(tmpdir(), "shopmesh-replicas-"));
  const ports = new Map<Workload, number[]>();
  for (const [workload, count] of Object.entries(replicas) as [Workload, number][])
    ports.set(workload, await Promise.all(Array.from({ length: count }, freePort)));
  const urlsOf = (workload: Workload) => (ports.get(workload) ?? []).map((it) => `http://127.0.0.1:${it}`);
  const addresses = [...ports.keys()].map((it) => [`${it.toUpperCase()}_URL`, urlsOf(it).join(",")]);
  const all = {
    DATA_DIR: dataDir,
    LOG_LEVEL: "info",
    SIMULATE_FULFILMENT: "false",
    ADMIN_EMAIL: ADMINISTRATOR.email,
    ADMIN_PASSWORD: ADMINISTRATOR.password,
    ...Object.fromEntries(addresses),
    ...env,
  };
  const processes = [...ports].flatMap(([workload, ofIt]) =>
    ofIt.map((port): ShopProcess => {
      const own = startAlone(`${workload}/main.ts`, [], { ...all, [`${workload.toUpperCase()}_PORT`]: `${port}` });
      return { ...own, workload, baseUrl: `http://127.0.0.1:${port}` };
    }),
  );
  const addressOf = (it: string) => urlsOf(it as Workload).join(",");
  const clients = createClients({ identity: { header: {} }, addressOf });
  const once = createClients({ identity: { header: {} }, addressOf, retries: false });
  let closing = false;
  const died: string[] = [];
  for (const it of processes)
    void it.ended.then((code) => {
      if (!closing) died.push(`${it.workload} ended with ${code}: ${it.output().slice(-OUTPUT_MAX_CHARS)}`);
    });
  const shop: ReplicatedShop = {
    processes,
    client: (service) => clients.client(service),
    onceClient: (service) => once.client(service),
    async notReady(workload) {
      const asked = processes.filter((it) => it.workload === workload).map(whyNotReady);
      return (await Promise.all(asked)).filter((it) => it !== "");
    },
    died: () => died,
    async close() {
      closing = true;
      clients.close();
      once.close();
      for (const it of processes) it.kill("SIGKILL");
      await Promise.all(processes.map((it) => it.ended));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await untilReady(shop, [...ports.keys()]);
    return shop;
  } catch (error) {
    await shop.close();
    throw error;
  }
}

async function untilReady(shop: ReplicatedShop, workloads: readonly Workload[]): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (const workload of workloads) {
    for (let reasons = [""]; reasons.length > 0; ) {
      if (shop.died().length > 0) throw new Error(shop.died().join("\n"));
      reasons = await shop.notReady(workload);
      if (reasons.length > 0 && Date.now() > deadline) throw new Error(`${workload} did not get ready: ${reasons[0]}`);
      if (reasons.length > 0) await sleep(POLL_MS);
    }
  }
}

/** What a replica says of itself; "" when it is ready. */
async function whyNotReady({ baseUrl }: ShopProcess): Promise<string> {
  try {
    const answer = await fetch(`${baseUrl}/ready`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const reason = (await answer.text()).trim();
    return answer.ok ? "" : reason;
  } catch (error) {
    return `It does not answer: ${error}`;
  }
}
