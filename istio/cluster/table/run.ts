import type { Mesh } from "../../model.ts";
import { podLabels } from "../../names.ts";
import { peerOf, type Runner } from "../lib/runner.ts";
import type { CallResult } from "../pod/calls.ts";
import type { Peer } from "../pod/identity.ts";
import { type Cell, cellsOf, fault, OUTSIDER, type Part, type TokenKind, type Verdict } from "./cells.ts";
import { verdictOf } from "./verdict.ts";

/** What a run of the table found. */
export interface TableResult {
  readonly cells: number;
  /** Sentences that name the cells that are not as the contract wants them. */
  readonly faults: readonly string[];
  /** Cells by who refused them. */
  readonly refusedBy: Readonly<Record<Verdict["refusedBy"], number>>;
}

/** Tokens by kind; "no token" has none. */
export type Tokens = Readonly<Record<Exclude<TokenKind, "no token">, string>>;

/** How often a cell that ended unclearly (somebody was busy, or just restarting) is tried again. */
const TRIES = 6;

type Seen = Verdict | { readonly unclear: string };

async function peersOf(mesh: Mesh): Promise<Record<string, Peer>> {
  const peers = mesh.workloads.map(
    async (it) => [it.name, await peerOf(it.name, it.port, podLabels(it.name))] as const,
  );
  return Object.fromEntries(await Promise.all(peers));
}

/** What came of a cell. Who has an identity gets a connection, so that one that breaks tells nothing. */
function seenOf(cell: Cell | undefined, result: CallResult | undefined): Seen {
  if (cell === undefined || result === undefined) return { unclear: "not made" };
  const seen = verdictOf(result);
  const broken = "refusedBy" in seen && seen.refusedBy === "mesh" && seen.how === "no connection";
  return broken && cell.caller !== OUTSIDER ? { unclear: result.broken ?? "no connection" } : seen;
}

function same(expected: Verdict, seen: Seen): boolean {
  if ("unclear" in seen || expected.refusedBy !== seen.refusedBy) return false;
  return expected.refusedBy === "nobody" || (seen.refusedBy !== "nobody" && expected.how === seen.how);
}

/** Makes every call of the table (or of some methods) and compares each with what the contract wants. */
export async function runTable(options: {
  readonly mesh: Mesh;
  readonly runner: Runner;
  readonly tokens: Tokens;
  readonly expected: (cell: Cell) => Verdict;
  readonly part?: Part;
}): Promise<TableResult> {
  const { mesh, runner, tokens, expected } = options;
  const cells = cellsOf(mesh, options.part);
  const seen: Seen[] = [];
  let open = cells.keys().toArray();
  for (let tries = 0; tries < TRIES && open.length > 0; tries += 1) {
    const asked = open.flatMap((index) => cells[index] ?? []);
    const results = await runner.calls({ peers: await peersOf(mesh), tokens, calls: asked.map(toCall) });
    for (const [at, index] of open.entries()) {
      seen[index] = seenOf(cells[index], results[at]);
    }
    open = open.filter((index) => "unclear" in (seen[index] ?? {}));
  }
  const refusedBy = { nobody: 0, mesh: 0, process: 0 };
  const faults: string[] = [];
  for (const [index, cell] of cells.entries()) {
    const was = seen[index] ?? { unclear: "not made" };
    if (!("unclear" in was)) refusedBy[was.refusedBy] += 1;
    const wanted = expected(cell);
    if (!same(wanted, was)) faults.push(fault(cell, wanted, was));
  }
  return { cells: cells.length, faults, refusedBy };
}

function toCall({ callee, method, caller, token }: Cell) {
  return {
    ...(caller !== OUTSIDER && { as: caller }),
    to: callee,
    path: method.path,
    ...(token !== "no token" && { token }),
    stream: method.kind !== "unary",
  };
}
