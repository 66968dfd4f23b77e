import type { Caller } from "./contract/caller.ts";
import type { Size } from "./contract/catalogue.ts";
import { isHttp1, type Protocol } from "./contract/exchange.ts";
import { type Answered, atRate, saturate, type Target } from "./load/h2load.ts";
import { preflight } from "./preflight.ts";
import type { Ports, ServerSetup } from "./process/messages.ts";
import { type Child, startChild } from "./process/start.ts";
import { type Ratio, ratioOf, type Turn } from "./ratio.ts";
import { roundsOf } from "./rounds.ts";
import { SERVERS, type ServerKind } from "./servers/servers.ts";
import { median, quantile } from "./statistics.ts";

/** One table: a call in a protocol, of all servers that speak it. */
export interface Scenario {
  readonly protocol: Protocol;
  readonly size: Size;
}

/** What was measured of one server: medians over the rounds. */
export interface ServerFigures {
  readonly name: ServerKind["name"];
  readonly requestsPerSecond: number;
  readonly cpuUsPerCall: number;
  readonly busy: number;
  readonly refusedShare: number;
  /** At half of the peak rate. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly turns: readonly Turn[];
}

interface Running {
  readonly kind: ServerKind;
  readonly child: Child<Ports>;
  readonly target: Target;
  readonly turns: Turn[];
}

const WARM_UP_MS = 2_000;

async function start(kind: ServerKind, { protocol, size }: Scenario, { trust, headers }: Caller): Promise<Running> {
  const child = await startChild<Ports>(kind.script, { trust, workRounds: 0 } satisfies ServerSetup, "server");
  const port = isHttp1(protocol) ? child.ready.h1 : child.ready.h2;
  if (port === undefined) throw new Error(`${kind.name} does not listen for ${protocol}`);
  return { kind, child, target: { protocol, size, port, headers }, turns: [] };
}

/** Asks for as much as a server can answer. */
export type Load = (target: Target, durationMs: number) => Promise<Answered>;

async function takeTurn({ child, target, turns }: Running, load: Load, durationMs: number): Promise<void> {
  const before = await child.ask("cpu", {});
  const { good, requestsPerSecond, refusedShare } = await load(target, durationMs);
  const cpuUs = (await child.ask("cpu", {})) - before;
  // What refusing cost is the answered calls' cost too: a refusal must not make a server look cheap.
  turns.push({ requestsPerSecond, cpuUsPerCall: cpuUs / good, busy: cpuUs / 1000 / durationMs, refusedShare });
}

const peakOf = (turns: readonly Turn[]) => median(turns.map((it) => it.requestsPerSecond));

interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function latencies({ target, turns }: Running, durationMs: number): Promise<Latencies> {
  const requests = await atRate(target, peakOf(turns) / 2, durationMs);
  const durations = requests.map((it) => it.durationUs / 1000).sort((a, b) => a - b);
  return { p50Ms: quantile(durations, 0.5), p99Ms: quantile(durations, 0.99) };
}

async function withServers<T>(
  scenario: Scenario,
  caller: Caller,
  work: (all: readonly Running[]) => Promise<T>,
): Promise<T> {
  const all: Running[] = [];
  try {
    for (const kind of SERVERS.filter((it) => it.protocols.includes(scenario.protocol))) {
      const running = await start(kind, scenario, caller);
      all.push(running);
      await preflight(kind.name, running.target);
      await saturate(running.target, WARM_UP_MS);
    }
    return await work(all);
  } finally {
    await Promise.all(all.map((it) => it.child.stop()));
  }
}

function figuresOf({ kind, turns }: Running, seen: readonly Latencies[]): ServerFigures {
  return {
    name: kind.name,
    requestsPerSecond: peakOf(turns),
    cpuUsPerCall: median(turns.map((it) => it.cpuUsPerCall)),
    busy: median(turns.map((it) => it.busy)),
    refusedShare: median(turns.map((it) => it.refusedShare)),
    p50Ms: median(seen.map((it) => it.p50Ms)),
    p99Ms: median(seen.map((it) => it.p99Ms)),
    turns,
  };
}

/** Measures all servers that speak the scenario's protocol, in alternating rounds: at their peak, and at half of it. */
export function measureServers(
  scenario: Scenario,
  caller: Caller,
  { rounds, turnMs }: { rounds: number; turnMs: number },
): Promise<ServerFigures[]> {
  return withServers(scenario, caller, async (all) => {
    for (const running of roundsOf(all, rounds)) await takeTurn(running, saturate, turnMs);
    const seen = new Map(all.map((it) => [it, [] as Latencies[]]));
    for (const running of roundsOf(all, rounds)) seen.get(running)?.push(await latencies(running, turnMs));
    return all.map((it) => figuresOf(it, seen.get(it) ?? []));
  });
}

/** Measures the same servers under another program's load, at their peak alone. */
export function measureUnder(
  load: Load,
  scenario: Scenario,
  caller: Caller,
  { rounds, turnMs }: { rounds: number; turnMs: number },
): Promise<ServerFigures[]> {
  return withServers(scenario, caller, async (all) => {
    for (const running of roundsOf(all, rounds)) await takeTurn(running, load, turnMs);
    return all.map((it) => figuresOf(it, []));
  });
}

/** One server held against another by their names. */
export function compare(figures: readonly ServerFigures[], one: string, other: string): Ratio {
  const turnsOf = (name: string) => figures.find((it) => it.name === name)?.turns ?? [];
  return ratioOf(turnsOf(one), turnsOf(other));
}
