import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#kit/testing/eventually.ts";

/** An Envoy that runs for a test. */
export interface TestEnvoy {
  /** The port that a listener was given. */
  port(listener: string): number;
  /** A number that Envoy counts: "cluster.product.upstream_rq_retry". */
  counter(name: string): Promise<number>;
  close(): Promise<void>;
}

interface Listeners {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/**
 * Starts an Envoy with a configuration whose listeners ask for port 0, and waits until it takes requests.
 * @throws Error with what Envoy says when it does not like the configuration
 */
export async function startEnvoy(
  binary: string,
  config: object,
  env: Readonly<Record<string, string>> = {},
): Promise<TestEnvoy> {
  const folder = mkdtempSync(join(tmpdir(), "shopmesh-envoy-"));
  const adminFile = join(folder, "admin");
  const configFile = join(folder, "envoy.json");
  const admin = { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } };
  writeFileSync(configFile, JSON.stringify({ ...config, admin }));
  const args = ["-c", configFile, "--admin-address-path", adminFile, "--use-dynamic-base-id", "--concurrency", "1"];
  const child = spawn(binary, [...args, "--log-level", "warn", "--drain-time-s", "1"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const ask = async (path: string) => {
    const response = await fetch(`http://${readFileSync(adminFile, "utf8")}${path}`);
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response;
  };
  const close = async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually(async () => {
      if (child.exitCode !== null) return;
      await ask("/ready");
    });
    if (child.exitCode !== null) throw new Error(`Envoy ended: ${output}`);
    const { listener_statuses = [] } = (await (await ask("/listeners?format=json")).json()) as Listeners;
    const ports = new Map(listener_statuses.map((it) => [it.name, it.local_address.socket_address.port_value]));
    return {
      port: (listener) => ports.get(listener) ?? 0,
      counter: async (name) => {
        const text = await (await ask(`/stats?filter=^${name}$`)).text();
        return Number(text.split(": ")[1] ?? 0);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
