import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { DescMethod } from "@bufbuild/protobuf";
import type { LoadOptions, LoadResult } from "./load.ts";
import { protosetOf } from "./protoset.ts";
import { runTool } from "./run-tool.ts";

interface Report {
  /** Nanoseconds. */
  readonly total: number;
  readonly details: readonly { readonly latency: number; readonly status: string; readonly error: string }[];
}

const NS_PER_MS = 1_000_000;
const NS_PER_SECOND = 1_000_000_000;
/** How ghz names calls under way when its time is over. */
const CUT_OFF = new Set(["Canceled", "Unavailable"]);

/** Where `go install` puts it, unless it is on the path. */
function program(): string {
  const installed = join(process.env.GOPATH ?? join(homedir(), "go"), "bin/ghz");
  return existsSync(installed) ? installed : "ghz";
}

/** A gRPC call whose metadata may change from call to call (ghz's templates), by ghz. */
export async function ghz(
  call: { address: string; method: DescMethod; metadata: Readonly<Record<string, string>> },
  options: LoadOptions & { seconds: number },
): Promise<LoadResult> {
  const { seconds, concurrency, connections, rate } = options;
  const { parent, name } = call.method;
  const directory = await mkdtemp(join(tmpdir(), "shopmesh-ghz-"));
  try {
    const protoset = join(directory, "contract.binpb");
    await writeFile(protoset, protosetOf(parent.file));
    const output = await runTool(program(), [
      ...["--insecure", "--protoset", protoset, "--call", `${parent.typeName}.${name}`],
      ...["-d", "{}", "-m", JSON.stringify(call.metadata)],
      ...["-c", `${concurrency}`, "--connections", `${connections}`, "-z", `${seconds}s`, "--cpus", "1"],
      ...(rate === undefined ? [] : ["--rps", `${Math.max(1, Math.round(rate))}`]),
      ...["-O", "json", call.address],
    ]);
    return resultOf(JSON.parse(output) as Report);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function resultOf({ details, total }: Report): LoadResult {
  const wrong = details.find((it) => it.status !== "OK" && !CUT_OFF.has(it.status));
  if (wrong !== undefined) throw new Error(`ghz was answered with ${wrong.status}: ${wrong.error}`);
  const answered = details.filter((it) => it.status === "OK");
  return { latenciesMs: answered.map((it) => it.latency / NS_PER_MS), seconds: total / NS_PER_SECOND };
}
