// What a call costs, held against bare Node, grpc-js and connect-node in the same run. See bench/README.md.
import { findGoTool } from "#kit/testing/go-tool.ts";
import { createCaller } from "./contract/caller.ts";
import type { Size } from "./contract/catalogue.ts";
import { PROTOCOLS, type Protocol } from "./contract/exchange.ts";
import { callsInTurn, GHZ_HINT } from "./load/ghz.ts";
import { outcomeOf } from "./load/ghz-output.ts";
import { H2LOAD_HINT } from "./load/h2load.ts";
import { clientsTable, measureClients } from "./measure-clients.ts";
import { measureOverload, overloadTable } from "./measure-overload.ts";
import { type Load, measureServers, measureUnder, type Scenario } from "./measure-servers.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { PINNING } from "./pinning.ts";
import { profileServer } from "./profile.ts";
import { serversTable } from "./report-servers.ts";
import { type Measured, targetsTable } from "./targets.ts";

const QUICK: readonly Scenario[] = [
  { protocol: "grpc-h2", size: "small" },
  { protocol: "connect-json-h1", size: "small" },
];
const LARGER_SIZES: readonly Size[] = ["page", "large"];
// Larger answers are measured where protocols differ most.
const LARGER_PROTOCOLS: readonly Protocol[] = ["grpc-h2", "connect-json-h1", "connect-proto-h2"];
const FULL: readonly Scenario[] = [
  ...PROTOCOLS.map((protocol) => ({ protocol, size: "small" as const })),
  ...LARGER_SIZES.flatMap((size) => LARGER_PROTOCOLS.map((protocol) => ({ protocol, size }))),
];
const CROSS_CHECKED: Scenario = { protocol: "grpc-h2", size: "small" };
const OVERLOAD_ROUNDS_MAX = 3;
const GHZ_DEADLINE_MS = 10_000;

/** Load of another make, since h2load has never heard of gRPC. */
function ghzLoad(headers: Readonly<Record<string, string>>): Load {
  return async ({ port }, durationMs) => {
    const calls = await callsInTurn({ port, headers, deadlineMs: GHZ_DEADLINE_MS }, durationMs);
    const { goodPerSecond } = outcomeOf(calls, 0, durationMs);
    const good = calls.filter((it) => it.status === "OK").length;
    return { good, requestsPerSecond: goodPerSecond, refusedShare: 1 - good / calls.length };
  };
}

const say = (text: string) => console.log(text);

async function measure(options: Options, scenarios: readonly Scenario[], isAsked: (name: string) => boolean) {
  const caller = createCaller();
  const all: Measured = { servers: [], clients: [], overload: [] };
  for (const scenario of scenarios) {
    const figures = await measureServers(scenario, caller, options);
    all.servers.push({ scenario, figures });
    say(serversTable(scenario, figures));
  }
  if (isAsked("ghz") && !options.quick && findGoTool("ghz") !== undefined) {
    const figures = await measureUnder(ghzLoad(caller.headers), CROSS_CHECKED, caller, options);
    say(serversTable(CROSS_CHECKED, figures, "ghz"));
  }
  if (isAsked("clients")) {
    all.clients = await measureClients(caller, options);
    say(clientsTable(all.clients));
  }
  if (isAsked("overload") && findGoTool("ghz") === undefined) say(`\nOverload is left out: ${GHZ_HINT}`);
  else if (isAsked("overload")) {
    all.overload = await measureOverload(caller, options.quick ? 1 : Math.min(options.rounds, OVERLOAD_ROUNDS_MAX));
    say(overloadTable(all.overload));
  }
  say(targetsTable(all));
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return say(USAGE);
  const { only, quick } = options;
  const isAsked = (name: string) => only === undefined || name.includes(only);
  const scenarios = (quick ? QUICK : FULL).filter(({ protocol, size }) => isAsked(`servers ${protocol} ${size}`));
  if (scenarios.length > 0 && findGoTool("h2load") === undefined) throw new Error(H2LOAD_HINT);
  if (options.profile) {
    for (const scenario of scenarios) say(await profileServer(scenario, createCaller()));
    return;
  }
  say(`Node ${process.version}, medians of ${options.rounds} alternating rounds. ${PINNING}`);
  await measure(options, scenarios, isAsked);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
