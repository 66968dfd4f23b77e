import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeEnvelope } from "#kit/wire/envelope.ts";
import { parseH2loadLog } from "../load/h2load-output.ts";
import { runTool } from "../load/run-tool.ts";
import type { LoadOptions, LoadResult } from "./load.ts";

/** h2load looks at its clock a hundred times a second for each connection; with many more calls they would come in bursts. */
const RATE_PER_CONNECTION = 200;
const US_PER_MS = 1_000;
const US_PER_SECOND = 1_000_000;

/** What h2load's log says of the calls that were answered; those that the end of the time cut off are left out. */
export function resultOf(log: string): LoadResult {
  const requests = parseH2loadLog(log).filter((it) => it.status !== -1);
  const wrong = requests.find((it) => it.status !== 200);
  if (wrong !== undefined) throw new Error(`h2load was answered with HTTP status ${wrong.status}`);
  let beginUs = Number.POSITIVE_INFINITY;
  let endUs = 0;
  for (const { startUs, durationUs } of requests) {
    beginUs = Math.min(beginUs, startUs);
    endUs = Math.max(endUs, startUs + durationUs);
  }
  return {
    latenciesMs: requests.map((it) => it.durationUs / US_PER_MS),
    seconds: (endUs - beginUs) / US_PER_SECOND,
  };
}

/** The same gRPC call again and again, by h2load (Debian's package nghttp2-client). */
export async function h2load(
  call: { url: string; headers: Readonly<Record<string, string>>; message: Uint8Array },
  options: LoadOptions & { seconds: number },
): Promise<LoadResult> {
  const { seconds, concurrency, rate } = options;
  const connections = Math.max(options.connections, Math.ceil((rate ?? 0) / RATE_PER_CONNECTION));
  const directory = await mkdtemp(join(tmpdir(), "shopmesh-h2load-"));
  try {
    const body = join(directory, "body");
    const log = join(directory, "log");
    await writeFile(body, encodeEnvelope(0, call.message));
    const headers = { "content-type": "application/grpc", te: "trailers", ...call.headers };
    await runTool("h2load", [
      ...Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
      ...["-D", `${seconds}`, "-c", `${connections}`, "-m", `${Math.ceil(concurrency / connections)}`, "-t", "1"],
      ...(rate === undefined ? [] : ["--rps", `${Math.max(1, Math.round(rate / connections))}`]),
      ...["-d", body, "--log-file", log, call.url],
    ]);
    return resultOf(await readFile(log, "utf8"));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
