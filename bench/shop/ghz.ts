import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DescMethod } from "@bufbuild/protobuf";
import { findGoTool } from "#kit/testing/go-tool.ts";
import { type GhzCall, parseGhz } from "../load/ghz-output.ts";
import { protosetOf } from "../load/protoset.ts";
import { runTool } from "../load/run-tool.ts";
import type { LoadOptions, LoadResult } from "./load.ts";

const MS_PER_SECOND = 1_000;
/** How ghz names calls under way when its time is over. */
const CUT_OFF = new Set(["Canceled", "Unavailable"]);

/** A gRPC call whose metadata may change from call to call (ghz's templates), by ghz. */
export async function ghz(
  call: { address: string; method: DescMethod; metadata: Readonly<Record<string, string>>; data?: object },
  options: LoadOptions & { seconds: number },
): Promise<LoadResult> {
  const { seconds, concurrency, connections, rate } = options;
  const { parent, name } = call.method;
  const directory = await mkdtemp(join(tmpdir(), "shopmesh-ghz-"));
  try {
    const protoset = join(directory, "contract.binpb");
    await writeFile(protoset, protosetOf(parent.file));
    const output = await runTool(findGoTool("ghz") ?? "ghz", [
      ...["--insecure", "--protoset", protoset, "--call", `${parent.typeName}.${name}`],
      ...["-d", JSON.stringify(call.data ?? {}), "-m", JSON.stringify(call.metadata)],
      ...["-c", `${concurrency}`, "--connections", `${connections}`, "-z", `${seconds}s`, "--cpus", "1"],
      ...(rate === undefined ? [] : ["--rps", `${Math.max(1, Math.round(rate))}`]),
      ...["-O", "json", call.address],
    ]);
    return resultOf(parseGhz(output));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function resultOf(calls: readonly GhzCall[]): LoadResult {
  const wrong = calls.find((it) => it.status !== "OK" && !CUT_OFF.has(it.status));
  if (wrong !== undefined) throw new Error(`ghz was answered with ${wrong.status}`);
  const answered = calls.filter((it) => it.status === "OK");
  let beginMs = Number.POSITIVE_INFINITY;
  let endMs = 0;
  for (const it of answered) {
    beginMs = Math.min(beginMs, it.endMs - it.latencyMs);
    endMs = Math.max(endMs, it.endMs);
  }
  return { latenciesMs: answered.map((it) => it.latencyMs), seconds: (endMs - beginMs) / MS_PER_SECOND };
}
