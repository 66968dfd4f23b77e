import { CLIENTS, type ClientKind } from "./clients/clients.ts";
import type { Caller } from "./contract/caller.ts";
import type { ClientRun, ClientSetup, Ports, ServerSetup } from "./process/messages.ts";
import { type Child, startChild } from "./process/start.ts";
import { roundsOf } from "./rounds.ts";
import { median } from "./statistics.ts";
import { type Column, figure, tableOf } from "./table.ts";

/** What was measured of one client: medians over the rounds. */
export interface ClientFigures {
  readonly name: string;
  readonly callsPerSecond: number;
  readonly cpuUsPerCall: number;
  readonly runs: readonly ClientRun[];
}

const CONCURRENCY = 32;
const WARM_UP_MS = 1_500;
const SERVER = "servers/bare-http2.ts";

interface Running {
  readonly kind: ClientKind;
  readonly child: Child<null>;
  readonly runs: ClientRun[];
}

const cpuUsPerCall = ({ cpuUs, calls }: ClientRun) => cpuUs / calls;

/** Measures all clients against one server that costs next to nothing, in alternating rounds. */
export async function measureClients(
  { headers, trust }: Caller,
  options: { rounds: number; turnMs: number },
): Promise<ClientFigures[]> {
  const server = await startChild<Ports>(SERVER, { trust, workRounds: 0 } satisfies ServerSetup, "server");
  const all: Running[] = [];
  try {
    const setup: ClientSetup = { ports: server.ready.all ?? [], headers, concurrency: CONCURRENCY };
    for (const kind of CLIENTS) {
      const child = await startChild<null>(kind.script, setup, "load");
      all.push({ kind, child, runs: [] });
      await child.ask("run", { durationMs: WARM_UP_MS });
    }
    for (const { child, runs } of roundsOf(all, options.rounds))
      runs.push(await child.ask("run", { durationMs: options.turnMs }));
    return all.map(({ kind, runs }) => ({
      name: kind.name,
      callsPerSecond: median(runs.map((it) => (it.calls * 1000) / it.elapsedMs)),
      cpuUsPerCall: median(runs.map(cpuUsPerCall)),
      runs,
    }));
  } finally {
    await Promise.all([...all.map((it) => it.child.stop()), server.stop()]);
  }
}

/** How much CPU time one client's call takes of another's: the median of the rounds' ratios. */
export function clientCpuRatio(figures: readonly ClientFigures[], one: string, other: string): number {
  const runsOf = (name: string) => figures.find((it) => it.name === name)?.runs.map(cpuUsPerCall) ?? [];
  const others = runsOf(other);
  return median(runsOf(one).map((it, round) => it / (others[round] ?? Number.NaN)));
}

/** The table of the clients. */
export function clientsTable(figures: readonly ClientFigures[]): string {
  const columns: Column<ClientFigures>[] = [
    { head: "client", cell: (it) => it.name },
    { head: "calls/s", cell: (it) => figure(it.callsPerSecond) },
    { head: "CPU µs/call", cell: (it) => figure(it.cpuUsPerCall, 1) },
    ...["node:http2", "grpc-js", "connect-node"].map((other) => ({
      head: `CPU of ${other}`,
      cell: (it: ClientFigures) => figure(clientCpuRatio(figures, it.name, other), 2),
    })),
  ];
  return tableOf(
    `Clients: gRPC, small answer, ${CONCURRENCY} calls at a time, to one bare node:http2 server`,
    columns,
    figures,
  );
}
