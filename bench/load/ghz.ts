import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import { findGoTool } from "#kit/testing/go-tool.ts";
import { CALLS } from "../contract/catalogue.ts";
import { type GhzCall, parseGhz } from "./ghz-output.ts";
import { protosetOf } from "./protoset.ts";
import { runLoad } from "./tools.ts";

export const GHZ_HINT =
  "ghz makes gRPC calls at a rate; it comes with: go install github.com/bojand/ghz/cmd/ghz@latest";

/** Of whom, and how long a call may take. */
export interface GhzTarget {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
}

// So many that a limit of streams for each connection holds back none of the calls of an overload.
const CONNECTIONS = 16;

async function ghz({ port, headers, deadlineMs }: GhzTarget, options: readonly string[]): Promise<GhzCall[]> {
  const program = findGoTool("ghz");
  if (program === undefined) throw new Error(GHZ_HINT);
  const { method, request } = CALLS.small;
  const dir = await mkdtemp(join(tmpdir(), "shopmesh-ghz-"));
  try {
    const protoset = join(dir, "contract.binpb");
    await writeFile(protoset, protosetOf(method.parent.file));
    const command = [
      program,
      "--insecure",
      `--protoset=${protoset}`,
      `--call=${method.parent.typeName}.${method.name}`,
      `--data=${toJsonString(method.input, request)}`,
      `--metadata=${JSON.stringify(headers)}`,
      `--connections=${CONNECTIONS}`,
      `--concurrency=${CONNECTIONS}`,
      `--timeout=${deadlineMs}ms`,
      "--cpus=1",
      "--format=json",
      ...options,
      `127.0.0.1:${port}`,
    ];
    return parseGhz(await runLoad(command));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Calls one after the other over each connection: as many as are answered. */
export function callsInTurn(target: GhzTarget, durationMs: number): Promise<GhzCall[]> {
  return ghz(target, [`--duration=${durationMs}ms`]);
}

/** Calls at a rate, whatever becomes of those before. */
export function callsAtRate(target: GhzTarget, callsPerSecond: number, durationMs: number): Promise<GhzCall[]> {
  const total = Math.round((callsPerSecond * durationMs) / 1000);
  return ghz(target, ["--async", `--rps=${Math.round(callsPerSecond)}`, `--total=${total}`]);
}
