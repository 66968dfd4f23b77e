import { exchangeOf, type Protocol } from "./contract/exchange.ts";
import { compare, type Scenario, type ServerFigures } from "./measure-servers.ts";
import type { Ratio } from "./ratio.ts";
import { type Column, figure, tableOf } from "./table.ts";

const NAMES: Readonly<Record<Protocol, string>> = {
  "grpc-h2": "gRPC over HTTP/2",
  "connect-json-h1": "Connect JSON over HTTP/1.1",
  "connect-proto-h1": "Connect proto over HTTP/1.1",
  "connect-json-h2": "Connect JSON over HTTP/2",
  "connect-proto-h2": "Connect proto over HTTP/2",
};
const COMPARED = ["node:http2", "node:http", "grpc-js", "connect-node"] as const;

/** A ratio; with a tilde where it goes by CPU time since a core was not free. */
const ratioCell = ({ value, isByRequests }: Ratio) => `${isByRequests ? "" : "~"}${figure(value, 2)}`;

/** The table of one scenario. */
export function serversTable(
  { protocol, size }: Scenario,
  figures: readonly ServerFigures[],
  load: "h2load" | "ghz" = "h2load",
): string {
  const bytes = exchangeOf(protocol, size).answerBody.length;
  const compared = COMPARED.filter((name) => figures.some((it) => it.name === name));
  const columns: Column<ServerFigures>[] = [
    { head: "server", cell: (it) => it.name },
    { head: "req/s", cell: (it) => figure(it.requestsPerSecond) },
    ...compared.map((other) => ({
      head: `× ${other}`,
      cell: (it: ServerFigures) => ratioCell(compare(figures, it.name, other)),
    })),
    { head: "CPU µs/call", cell: (it) => figure(it.cpuUsPerCall, 1) },
    { head: "core busy", cell: (it) => `${figure(it.busy * 100)} %` },
    ...(figures.some((it) => it.refusedShare > 0.001)
      ? [{ head: "refused", cell: (it: ServerFigures) => `${figure(it.refusedShare * 100, 1)} %` }]
      : []),
    { head: "p50 ms", cell: (it) => figure(it.p50Ms, 2) },
    { head: "p99 ms", cell: (it) => figure(it.p99Ms, 2) },
  ];
  return tableOf(
    `Servers: ${NAMES[protocol]}, ${size} answer (${figure(bytes)} bytes), load from ${load}`,
    columns,
    figures,
  );
}
