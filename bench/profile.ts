import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Caller } from "./contract/caller.ts";
import { isHttp1 } from "./contract/exchange.ts";
import { saturate } from "./load/h2load.ts";
import type { Scenario } from "./measure-servers.ts";
import type { Ports, ServerSetup } from "./process/messages.ts";
import { startChild } from "./process/start.ts";
import { flameGraph } from "./shop/flame-graph.ts";
import { byFunction, byPackage, type CpuProfile, costTable, treeOf } from "./shop/self-time.ts";

const DIR = resolve(".data/bench");
const WARM_UP_MS = 3_000;
const PROFILED_MS = 5_000;

/**
 * Samples our whole server under load. Writes a flame graph (`.html`), the profile itself (`.cpuprofile`), and functions and
 * packages by their own time (`.txt`).
 * @returns the text and where the files are
 */
export async function profileServer({ protocol, size }: Scenario, { trust, headers }: Caller): Promise<string> {
  await mkdir(DIR, { recursive: true });
  const setup: ServerSetup = { trust, workRounds: 0 };
  const server = await startChild<Ports>("servers/kit-full.ts", setup, "server");
  try {
    const port = (isHttp1(protocol) ? server.ready.h1 : server.ready.h2) ?? 0;
    const target = { protocol, size, port, headers };
    const name = `${protocol}-${size}`;
    const path = join(DIR, name);
    await saturate(target, WARM_UP_MS);
    await server.ask("profile", {});
    const { good } = await saturate(target, PROFILED_MS);
    await server.ask("profiled", { path: `${path}.cpuprofile` });
    const profile = JSON.parse(await readFile(`${path}.cpuprofile`, "utf8")) as CpuProfile;
    const tables = [
      costTable("package", byPackage(profile), good),
      costTable("function", byFunction(profile), good),
    ].join("\n");
    await writeFile(`${path}.html`, flameGraph(`${name}, ${good} calls`, treeOf(profile)));
    await writeFile(`${path}.txt`, tables);
    return `\n${name}: ${path}.html, .cpuprofile, .txt\n${tables}`;
  } finally {
    await server.stop();
  }
}
