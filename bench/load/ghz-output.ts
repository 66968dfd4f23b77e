/** One call as ghz reports it. */
export interface GhzCall {
  /** When it ended, in milliseconds since the epoch. */
  readonly endMs: number;
  readonly latencyMs: number;
  /** Name of the gRPC status: "OK", "ResourceExhausted". */
  readonly status: string;
}

interface Detail {
  readonly timestamp: string;
  /** Nanoseconds. */
  readonly latency: number;
  readonly status: string;
}

const NS_PER_MS = 1_000_000;

/** Reads ghz's JSON. Its timestamps are of the end of a call, with nanoseconds, which a Date does not take. */
export function parseGhz(json: string): GhzCall[] {
  const { details } = JSON.parse(json) as { details: readonly Detail[] };
  return details.map(({ timestamp, latency, status }) => ({
    endMs: Date.parse(timestamp.replace(/(\.\d{3})\d+/, "$1")),
    latencyMs: latency / NS_PER_MS,
    status,
  }));
}

/** What became of the calls of a time. */
export interface Outcome {
  /** Calls begun, a second. */
  readonly offeredPerSecond: number;
  /** Calls answered with OK within their deadline, a second. */
  readonly goodPerSecond: number;
  /** Of the good ones, in milliseconds. */
  readonly latenciesMs: readonly number[];
  /** How many ended with each other status. */
  readonly refused: ReadonlyMap<string, number>;
}

/** What became of calls between two moments, counted from the first call's beginning. */
export function outcomeOf(calls: readonly GhzCall[], fromMs: number, toMs: number): Outcome {
  const begins = calls.map((it) => it.endMs - it.latencyMs);
  const beginMs = begins.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const isWithin = (atMs: number) => atMs >= beginMs + fromMs && atMs < beginMs + toMs;
  const seconds = (toMs - fromMs) / 1000;
  const ended = calls.filter((it) => isWithin(it.endMs));
  const good = ended.filter((it) => it.status === "OK");
  const refused = new Map<string, number>();
  for (const { status } of ended) if (status !== "OK") refused.set(status, (refused.get(status) ?? 0) + 1);
  return {
    offeredPerSecond: begins.filter(isWithin).length / seconds,
    goodPerSecond: good.length / seconds,
    latenciesMs: good.map((it) => it.latencyMs).sort((a, b) => a - b),
    refused,
  };
}
