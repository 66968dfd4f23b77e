import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadOptions, LoadResult } from "./load.ts";
import { runTool } from "./run-tool.ts";

const GRPC_PREFIX_BYTES = 5;
const US_PER_MS = 1_000;
const US_PER_SECOND = 1_000_000;

/** A message as gRPC sends it: not compressed, with its length before it. */
export function grpcFrame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(GRPC_PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Reads h2load's log: start (µs), HTTP status, duration (µs) of each request. Rows of streams that were cut off are left out. */
export function parseLog(text: string): LoadResult {
  const rows = text
    .trim()
    .split("\n")
    .map((it) => it.split("\t").map(Number) as [number, number, number])
    .filter(([, status]) => status !== -1);
  const wrong = rows.find(([, status]) => status !== 200);
  if (wrong !== undefined) throw new Error(`h2load was answered with HTTP status ${wrong[1]}`);
  let beginUs = Number.POSITIVE_INFINITY;
  let endUs = 0;
  for (const [startUs, , durationUs] of rows) {
    beginUs = Math.min(beginUs, startUs);
    endUs = Math.max(endUs, startUs + durationUs);
  }
  return {
    latenciesMs: rows.map(([, , durationUs]) => durationUs / US_PER_MS),
    seconds: (endUs - beginUs) / US_PER_SECOND,
  };
}

/** The same gRPC call again and again, by h2load (Debian's package nghttp2-client). */
export async function h2load(
  call: { url: string; headers: Readonly<Record<string, string>>; message: Uint8Array },
  options: LoadOptions & { seconds: number },
): Promise<LoadResult> {
  const { seconds, concurrency, connections, rate } = options;
  const directory = await mkdtemp(join(tmpdir(), "shopmesh-h2load-"));
  try {
    const body = join(directory, "body");
    const log = join(directory, "log");
    await writeFile(body, grpcFrame(call.message));
    const headers = { "content-type": "application/grpc", te: "trailers", ...call.headers };
    await runTool("h2load", [
      ...Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
      ...["-D", `${seconds}`, "-c", `${connections}`, "-m", `${concurrency / connections}`, "-t", "1"],
      ...(rate === undefined ? [] : ["--rps", `${Math.max(1, Math.round(rate / connections))}`]),
      ...["-d", body, "--log-file", log, call.url],
    ]);
    return parseLog(await readFile(log, "utf8"));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
