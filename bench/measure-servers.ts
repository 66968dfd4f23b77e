import type { Caller } from "./contract/caller.ts";
import type { Size } from "./contract/catalogue.ts";
import { isHttp1, type Protocol } from "./contract/exchange.ts";
import { atRate, saturate, type Target } from "./load/h2load.ts";
import { preflight } from "./preflight.ts";
import type { Ports, ServerSetup } from "./process/messages.ts";
import { type Child, startChild } from "./process/start.ts";
import { type Ratio, ratioOf, type Turn } from "./ratio.ts";
import { roundsOf } from "./rounds.ts";
import { SERVERS, type ServerKind } from "./servers/servers.ts";
import { median, quantile } from "./shop/load.ts";

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

async function takeTurn({ child, target, turns }: Running, durationMs: number): Promise<void> {
  const before = await child.ask("cpu", {});
  const { done, requestsPerSecond } = await saturate(target, durationMs);
  const cpuUs = (await child.ask("cpu", {})) - before;
  turns.push({ requestsPerSecond, cpuUsPerCall: cpuUs / done, busy: cpuUs / 1000 / durationMs });
}

const peakOf = ({ turns }: Running) => median(turns.map((it) => it.requestsPerSecond));

async function latencies(running: Running, durationMs: number): Promise<{ p50Ms: number; p99Ms: number }> {
  const requests = await atRate(running.target, peakOf(running) / 2, durationMs);
  const durations = requests.map((it) => it.durationUs / 1000).sort((a, b) => a - b);
  return { p50Ms: quantile(durations, 0.5), p99Ms: quantile(durations, 0.99) };
}

/** Measures all servers that speak the scenario's protocol, in alternating rounds. */
export async function measureServers(
  scenario: Scenario,
  caller: Caller,
  options: { rounds: number; turnMs: number },
): Promise<ServerFigures[]> {
  const all: Running[] = [];
  try {
    for (const kind of SERVERS.filter((it) => it.protocols.includes(scenario.protocol))) {
      const running = await start(kind, scenario, caller);
      all.push(running);
      await preflight(kind.name, running.target);
      await saturate(running.target, WARM_UP_MS);
    }
    for (const running of roundsOf(all, options.rounds)) await takeTurn(running, options.turnMs);
    const seen = new Map(all.map((it) => [it, [] as { p50Ms: number; p99Ms: number }[]]));
    for (const running of roundsOf(all, options.rounds))
      seen.get(running)?.push(await latencies(running, options.turnMs));
    return all.map((running) => ({
      name: running.kind.name,
      requestsPerSecond: peakOf(running),
      cpuUsPerCall: median(running.turns.map((it) => it.cpuUsPerCall)),
      busy: median(running.turns.map((it) => it.busy)),
      p50Ms: median(seen.get(running)?.map((it) => it.p50Ms) ?? []),
      p99Ms: median(seen.get(running)?.map((it) => it.p99Ms) ?? []),
      turns: running.turns,
    }));
  } finally {
    await Promise.all(all.map((it) => it.child.stop()));
  }
}

/** One server held against another by their names. */
export function compare(figures: readonly ServerFigures[], one: string, other: string): Ratio {
  const turnsOf = (name: string) => figures.find((it) => it.name === name)?.turns ?? [];
  return ratioOf(turnsOf(one), turnsOf(other));
}
