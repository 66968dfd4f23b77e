import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MeasuredCall } from "./calls.ts";
import { flameGraph } from "./flame-graph.ts";
import { connectInspector } from "./inspector.ts";
import type { RunningShop } from "./running-shop.ts";
import { byFunction, byPackage, type CpuProfile, costTable, treeOf } from "./self-time.ts";
import { readStatements, resetStatements, statementsTable } from "./statements.ts";

const SAMPLING_US = 200;
const CONNECTIONS = 4;
const WARM_UP_SECONDS = 2;

/**
 * Writes where the time of each call goes: a flame graph of the shop's process (`.html`), its functions and packages by
 * their own time and PostgreSQL's statements (`.txt`), and the profile itself (`.cpuprofile`).
 */
export async function writeProfiles(options: {
  shop: RunningShop;
  calls: readonly MeasuredCall[];
  directory: string;
  seconds: number;
  say: (text: string) => void;
}): Promise<void> {
  const { shop, calls, directory, seconds, say } = options;
  if (shop.inspectorUrl === undefined) throw new Error("The shop's inspector does not listen");
  const inspector = await connectInspector(shop.inspectorUrl);
  await inspector.send("Profiler.enable");
  await inspector.send("Profiler.setSamplingInterval", { interval: SAMPLING_US });
  for (const call of calls) {
    const load = { connections: CONNECTIONS, concurrency: call.concurrency };
    await call.prepare?.();
    await call.run({ ...load, seconds: WARM_UP_SECONDS });
    await call.prepare?.();
    await resetStatements(shop.postgresUrl);
    await inspector.send("Profiler.start");
    const { latenciesMs } = await call.run({ ...load, seconds });
    const { profile } = (await inspector.send("Profiler.stop")) as { profile: CpuProfile };
    const name = call.name.replaceAll(" ", "-");
    const write = (suffix: string, text: string) => writeFile(join(directory, `${name}.${suffix}`), text);
    const statements = statementsTable(await readStatements(shop.postgresUrl), latenciesMs.length);
    const costs = [
      costTable("package", byPackage(profile), latenciesMs.length),
      costTable("function", byFunction(profile), latenciesMs.length),
    ];
    await write("cpuprofile", JSON.stringify(profile));
    await write("html", flameGraph(`${call.name}, ${latenciesMs.length} calls`, treeOf(profile)));
    await write("txt", [...costs, statements].join("\n"));
    say(`${name}: ${latenciesMs.length} calls`);
  }
  inspector.close();
}
