import { ATTEMPTS_MAX } from "#kit/client/retry.ts";
import { calleesOf, callersOf, EDGE, EVERYBODY, type Mesh, type MeshMethod, type MeshWorkload } from "./model.ts";
import { type Column, rowLines, widthsOf, wrap } from "./text-table.ts";
import { bytesWords, countWords, durationWords, rateWords, shareWords, storeWords, USER_WORDS } from "./words.ts";

/** How a piece of the page stands out where the terminal can show it. */
export type Style = (look: "bold" | "dim", text: string) => string;

/** The page fits a terminal of this width. */
export const PAGE_WIDTH = 120;

const KINDS = { none: "once only", idempotent: "idempotent", no_side_effects: "read" } as const;
const REQUEST_BYTES_USUAL = 1024 * 1024;

const COLUMNS: readonly Column[] = [
  { heading: "call", widthMax: 26 },
  { heading: "callers", widthMax: 22 },
  { heading: "user", widthMax: 14 },
  { heading: "kind", widthMax: 10 },
  { heading: "timeout", widthMax: 7 },
  { heading: "retries", widthMax: 7 },
  { heading: "objective", widthMax: 16 },
  { heading: "limits", widthMax: 20 },
];

const LEGEND: readonly [string, string][] = [
  ["callers", `workloads that may call; "${EDGE}" is the ingress, so these calls are open to browsers`],
  ["user", "on whose behalf: anybody; whoever holds a token (guests too); somebody with an account; an administrator"],
  [
    "kind",
    "read: may be repeated and cached; idempotent: may be repeated; once only: never repeated; stream: lives on",
  ],
  ["timeout", "the call is over by then, whatever the caller allows"],
  [
    "retries",
    `how often the mesh tries again where an attempt failed: ${ATTEMPTS_MAX - 1}, where a repeat does no harm`,
  ],
  ["objective", "99 of 100 calls are answered in this time; this share does not fail by the service's own fault"],
  ["limits", `calls one client may make; the largest request where that is not ${bytesWords(REQUEST_BYTES_USUAL)}`],
];

function limitWords({ rateLimit, requestMaxBytes }: MeshMethod): string {
  const rate = rateLimit === undefined ? [] : [rateWords(rateLimit)];
  const size = requestMaxBytes === REQUEST_BYTES_USUAL ? [] : [bytesWords(requestMaxBytes)];
  return [...rate, ...size].join(", ") || "-";
}

/** Who may call, as a cell. */
export function callerWords(callers: readonly string[]): string {
  return callers.includes(EVERYBODY) ? "every workload" : callers.join(", ");
}

function cells(method: MeshMethod): string[] {
  const { name, callers, user, kind, idempotency, timeoutMs, objective } = method;
  const streams = kind !== "unary";
  return [
    name,
    callerWords(callers),
    USER_WORDS[user],
    streams ? "stream" : KINDS[idempotency],
    timeoutMs === undefined ? "-" : durationWords(timeoutMs),
    streams || idempotency === "none" ? "none" : `${ATTEMPTS_MAX - 1}`,
    objective === undefined ? "-" : `${durationWords(objective.latencyMs)}, ${shareWords(objective.availability)}`,
    limitWords(method),
  ];
}

const indented = (lines: readonly string[]): string[] => lines.map((it) => (it === "" ? it : `  ${it}`));

/** The calls of some contracts, a contract's name above its own. */
function callLines(methods: readonly MeshMethod[], widths: readonly number[], style: Style): string[] {
  const contracts = Map.groupBy(methods, (it) => it.service);
  const headings = rowLines(
    widths,
    COLUMNS.map((it) => it.heading),
  ).map((it) => style("dim", it));
  const bodies = [...contracts].flatMap(([contract, calls]) => [
    style("dim", contract),
    ...calls.flatMap((it) => indented(rowLines(widths, cells(it)))),
  ]);
  return indented([...headings.map((it) => `  ${it}`), ...bodies]);
}

function httpLines({ deployment }: MeshWorkload): string[] {
  return (deployment.http ?? []).map(({ path, callers }) => {
    const keys = path === deployment.publishesKeys ? ", the public keys of access tokens" : "";
    return `Plain HTTP: ${path} for ${callerWords(callers)}${keys}`;
  });
}

function workloadLines(mesh: Mesh, workload: MeshWorkload, widths: readonly number[], style: Style): string[] {
  const { name, port, deployment, methods } = workload;
  return [
    `${style("bold", name)}  port ${port}, ${storeWords(deployment)}`,
    `  called by ${callersOf(mesh, name).join(", ") || "nobody"}; calls ${calleesOf(mesh, name).join(", ") || "nobody"}`,
    ...indented(httpLines(workload)),
    "",
    ...callLines(
      methods.filter((it) => !it.common),
      widths,
      style,
    ),
    "",
  ];
}

/** What one workload asks of another, in words. */
function reasons(caller: string, callee: MeshWorkload): string[] {
  const calls = callee.methods.filter((it) => it.callers.includes(caller)).map((it) => it.name);
  // "*" are the workloads; the ingress asks only where it is named.
  const http = (callee.deployment.http ?? []).filter(
    (it) => it.callers.includes(caller) || (caller !== EDGE && it.callers.includes(EVERYBODY)),
  );
  return [...calls, ...http.map((it) => it.path)];
}

function graphLines({ graph, workloads }: Mesh, style: Style): string[] {
  const width = Math.max(...graph.flatMap((it) => [it.caller.length, it.callee.length]));
  const indent = " ".repeat(2 * width + 8);
  return graph.flatMap(({ caller, callee }, at) => {
    const found = workloads.find((it) => it.name === callee);
    const [first, ...others] = wrap((found ? reasons(caller, found) : []).join(", "), PAGE_WIDTH - indent.length);
    const again = graph[at - 1]?.caller === caller;
    const from = again ? " ".repeat(width) : style("bold", caller.padEnd(width));
    return [`  ${from} → ${callee.padEnd(width)}   ${first ?? ""}`, ...others.map((it) => `${indent}${it}`)];
  });
}

/** The mesh as a page for people. */
export function printMesh(mesh: Mesh, style: Style = (_, text) => text): string {
  const { workloads, graph } = mesh;
  const own = workloads.flatMap((it) => it.methods).filter((it) => !it.common);
  const common = workloads[0]?.methods.filter((it) => it.common) ?? [];
  const widths = widthsOf(COLUMNS, [...own, ...common].map(cells));
  const legend = LEGEND.map(([word, meaning]) => `  ${word.padEnd(11)}${style("dim", meaning)}`);
  return [
    style(
      "bold",
      `The mesh, as its contracts say: ${countWords(workloads.length, "service")}, ${countWords(own.length, "call")}`,
    ),
    "",
    ...legend,
    "",
    ...workloads.flatMap((it) => workloadLines(mesh, it, widths, style)),
    `${style("bold", "every service")}  beside its own calls; reflection only where the environment allows it`,
    "",
    ...callLines(common, widths, style),
    "",
    `${style("bold", "Who calls whom")}  ${countWords(graph.length, "connection")}; between services the network lets no other through`,
    "",
    ...graphLines(mesh, style),
    "",
  ].join("\n");
}
