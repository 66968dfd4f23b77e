import { type ClientFigures, clientCpuRatio } from "./measure-clients.ts";
import type { OverloadFigures } from "./measure-overload.ts";
import { compare, type Scenario, type ServerFigures } from "./measure-servers.ts";
import { type Column, figure, tableOf } from "./table.ts";

/** All that a run measured. */
export interface Measured {
  readonly servers: { readonly scenario: Scenario; readonly figures: readonly ServerFigures[] }[];
  clients: readonly ClientFigures[];
  overload: readonly OverloadFigures[];
}

interface Target {
  readonly what: string;
  readonly bound: "at least" | "at most";
  readonly value: number;
  readonly measured: (all: Measured) => number;
}

/** How two servers compare for the small answer in a protocol. */
const small =
  (protocol: Scenario["protocol"], one: string, other: string) =>
  ({ servers }: Measured): number => {
    const found = servers.find(({ scenario }) => scenario.protocol === protocol && scenario.size === "small");
    return compare(found?.figures ?? [], one, other).value;
  };

const TARGETS: readonly Target[] = [
  {
    what: "gRPC small: ours, full / node:http2",
    bound: "at least",
    value: 0.6,
    measured: small("grpc-h2", "ours, full", "node:http2"),
  },
  {
    what: "gRPC small: ours, full / connect-node",
    bound: "at least",
    value: 4,
    measured: small("grpc-h2", "ours, full", "connect-node"),
  },
  {
    what: "gRPC small: ours, bare / grpc-js",
    bound: "at least",
    value: 1,
    measured: small("grpc-h2", "ours, bare", "grpc-js"),
  },
  {
    what: "Connect JSON over HTTP/1.1 small: ours, full / node:http",
    bound: "at least",
    value: 0.4,
    measured: small("connect-json-h1", "ours, full", "node:http"),
  },
  {
    what: "Client, CPU a call: ours / grpc-js",
    bound: "at most",
    value: 0.7,
    measured: ({ clients }) => clientCpuRatio(clients, "ours", "grpc-js"),
  },
  {
    what: "Goodput at 3 × the peak rate / peak",
    bound: "at least",
    value: 0.9,
    measured: ({ overload }) => overload.find((it) => it.times === 3)?.goodOfPeak ?? Number.NaN,
  },
];

function verdict({ bound, value }: Target, measured: number): string {
  return (bound === "at least" ? measured >= value : measured <= value) ? "met" : "MISSED";
}

/** What the product claims of its speed, each claim that this run can tell of with what it measured. */
export function targetsTable(all: Measured): string {
  const columns: Column<Target>[] = [
    { head: "target", cell: (it) => it.what },
    { head: "measured", cell: (it) => figure(it.measured(all), 2) },
    { head: "needed", cell: (it) => `${it.bound} ${figure(it.value, 1)}` },
    { head: "", cell: (it) => verdict(it, it.measured(all)) },
  ];
  const told = TARGETS.filter((it) => !Number.isNaN(it.measured(all)));
  return told.length === 0 ? "" : tableOf("Targets, as ratios of this run", columns, told);
}
