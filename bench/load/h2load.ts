import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Size } from "../contract/catalogue.ts";
import { exchangeOf, isHttp1, type Protocol } from "../contract/exchange.ts";
import { type H2loadReport, type H2loadRequest, parseH2load, parseH2loadLog } from "./h2load-output.ts";
import { runLoad } from "./tools.ts";

/** What is asked for, and of whom. */
export interface Target {
  readonly protocol: Protocol;
  readonly size: Size;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

export const H2LOAD_HINT =
  "h2load makes the load; it comes with Debian's package nghttp2-client (apt install nghttp2-client).";

// Requests under way at any time when a server is to be saturated: as many over one version of HTTP as over the other.
const H2_CONNECTIONS = 4;
const STREAMS: Readonly<Record<Size, number>> = { small: 16, page: 16, large: 4 };
// h2load looks at its clock a hundred times a second for each connection: with many more they would come in bursts.
const RATE_PER_CONNECTION = 200;
// Connections begin one by one; requests of the time until all are there and at rest do not count.
const CONNECT_EVERY_MS = 1;
const SETTLE_MS = 500;
const STREAMS_AT_A_RATE = 16;
// Of the requests at a rate: with more of them refused, times would be those of refusals.
const REFUSED_SHARE_MAX = 0.05;

/** What came of a run. */
export interface Answered {
  /** Requests that were answered with the message, a second. */
  readonly requestsPerSecond: number;
  /** How many these were. */
  readonly good: number;
  /** The share of the others: a service that sheds load refuses some. */
  readonly refusedShare: number;
}

async function h2load<T>(
  { protocol, size, port, headers }: Target,
  options: readonly string[],
  read: (answered: Answered, dir: string) => Promise<T>,
): Promise<T> {
  const { path, contentType, requestBody, answerBody } = exchangeOf(protocol, size);
  const dir = await mkdtemp(join(tmpdir(), "shopmesh-h2load-"));
  try {
    const body = join(dir, "body");
    await writeFile(body, requestBody);
    const all = { ...headers, "content-type": contentType, ...(protocol === "grpc-h2" && { te: "trailers" }) };
    const command = [
      "h2load",
      ...options.map((it) => it.replace("{dir}", dir)),
      ...(isHttp1(protocol) ? ["--h1"] : []),
      `--data=${body}`,
      ...Object.entries(all).map(([name, value]) => `--header=${name}: ${value}`),
      `http://127.0.0.1:${port}${path}`,
    ];
    const report = parseH2load(await runLoad(command));
    return await read(answeredOf(report, protocol, answerBody.length), dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * Counts what was answered well. h2load does not see trailers: a refused gRPC call has the status 200 too, but no message
 * in its body, so the bytes tell.
 */
function answeredOf(report: H2loadReport, protocol: Protocol, answerBytes: number): Answered {
  const { done, status2xx, dataBytes } = report;
  const complete = Math.floor(dataBytes / answerBytes);
  const good = Math.min(done, protocol === "grpc-h2" ? complete : status2xx);
  if (good === 0) throw new Error(`No request was answered well: ${JSON.stringify(report)}`);
  const goodShare = good / done;
  return { good, requestsPerSecond: report.requestsPerSecond * goodShare, refusedShare: 1 - goodShare };
}

/** As many requests as the server can answer for a time. */
export function saturate(target: Target, durationMs: number): Promise<Answered> {
  const streams = STREAMS[target.size];
  const shape = isHttp1(target.protocol)
    ? [`--clients=${H2_CONNECTIONS * streams}`]
    : [`--clients=${H2_CONNECTIONS}`, `--max-concurrent-streams=${streams}`];
  const options = [...shape, `--duration=${durationMs}ms`];
  return h2load(target, options, async (answered) => answered);
}

/**
 * The requests of a time at a rate, made whether the server keeps up or not; none when too many were refused. They come
 * from many connections that begin a little after one another, so that requests are spread over time.
 */
export function atRate(target: Target, requestsPerSecond: number, durationMs: number): Promise<H2loadRequest[]> {
  const clients = Math.max(1, Math.ceil(requestsPerSecond / RATE_PER_CONNECTION));
  const startMs = clients * CONNECT_EVERY_MS + SETTLE_MS;
  const requests = Math.max(clients, Math.round((requestsPerSecond * (startMs + durationMs)) / 1000));
  const options = [
    `--clients=${clients}`,
    ...(isHttp1(target.protocol) ? [] : [`--max-concurrent-streams=${STREAMS_AT_A_RATE}`]),
    `--requests=${requests}`,
    `--rps=${requestsPerSecond / clients}`,
    "--rate=1",
    `--rate-period=${CONNECT_EVERY_MS}ms`,
    "--log-file={dir}/requests",
  ];
  return h2load(target, options, async ({ refusedShare }, dir) => {
    if (refusedShare > REFUSED_SHARE_MAX) return [];
    const all = parseH2loadLog(await readFile(join(dir, "requests"), "utf8"));
    const beginUs = Math.min(...all.slice(0, clients).map((it) => it.startUs)) + startMs * 1000;
    return all.filter((it) => it.startUs >= beginUs);
  });
}
