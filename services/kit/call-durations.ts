import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { Metric, MetricObjectWithValues, MetricValueWithName } from "prom-client";
import { policy } from "#gen/shop/mesh/v1/policy_pb.js";

/** How long calls of one kind took: a method, asked by a workload, with one end. */
export interface CallSeries {
  readonly method: DescMethod;
  readonly caller: string;
  /** The gRPC status code; 0 is OK. */
  readonly code: number;
  /** Upper bounds of the buckets, in seconds. */
  readonly bounds: readonly number[];
  /** Calls by the bucket they fell into, in the order of the bounds, and after those the ones beyond. */
  readonly counts: number[];
  count: number;
  sumSeconds: number;
}

/** The durations of all calls: prom-client's histogram in what it exposes, without what it makes anew with each value. */
export interface CallDurations {
  observe(method: DescMethod, caller: string, code: number, durationMs: number): void;
  series(): Iterable<CallSeries>;
}

/** Upper bounds that the buckets of all methods have; dense where a local call ends up, so that p50 and p99 can be told from them. */
const BOUNDS_SECONDS: readonly number[] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

export const CALL_DURATIONS_NAME = "rpc_server_duration_seconds";
const HELP = "Seconds from a call's arrival to its answer, or to its first message where it is a stream";

/** The bounds for a method: what its contract promises is one of them, so that it is known how often the promise was kept. */
export function boundsOf(method: DescMethod): readonly number[] {
  const promised = (getOption(method, policy).objective?.latencyMs ?? 0) / 1_000;
  if (promised <= 0 || BOUNDS_SECONDS.includes(promised)) return BOUNDS_SECONDS;
  return [...BOUNDS_SECONDS, promised].sort((a, b) => a - b);
}

function bucketOf(bounds: readonly number[], seconds: number): number {
  let at = 0;
  for (const bound of bounds) {
    if (seconds <= bound) return at;
    at += 1;
  }
  return at;
}

/** The values of a series as a Prometheus histogram has them: cumulative counts by upper bound, sum and count. */
function exposed({
  method,
  caller,
  code,
  bounds,
  counts,
  count,
  sumSeconds,
}: CallSeries): MetricValueWithName<string>[] {
  const labels = {
    service: method.parent.typeName,
    method: method.name,
    caller,
    code: code === 0 ? "OK" : (Code[code] ?? "Unknown"),
  };
  let cumulative = 0;
  const buckets = [...bounds, "+Inf"].map((le, at) => {
    cumulative += counts[at] ?? 0;
    return { metricName: `${CALL_DURATIONS_NAME}_bucket`, labels: { le, ...labels }, value: cumulative };
  });
  return [
    ...buckets,
    { metricName: `${CALL_DURATIONS_NAME}_sum`, labels, value: sumSeconds },
    { metricName: `${CALL_DURATIONS_NAME}_count`, labels, value: count },
  ];
}

/** The durations of a workload's calls, and the metric by which a prom-client registry shows them. */
export function createCallDurations(): { durations: CallDurations; metric: Metric } {
  // Of each method as many as it has callers by its contract, times the codes its calls end with: few.
  const byMethod = new Map<DescMethod, CallSeries[]>();
  const add = (method: DescMethod, caller: string, code: number): CallSeries => {
    const known = byMethod.get(method) ?? [];
    const bounds = known[0]?.bounds ?? boundsOf(method);
    const counts = [...bounds, 0].map(() => 0);
    const series = { method, caller, code, bounds, counts, count: 0, sumSeconds: 0 };
    byMethod.set(method, [...known, series]);
    return series;
  };
  const find = (method: DescMethod, caller: string, code: number): CallSeries | undefined => {
    for (const it of byMethod.get(method) ?? []) if (it.code === code && it.caller === caller) return it;
    return undefined;
  };
  const durations: CallDurations = {
    observe(method, caller, code, durationMs) {
      const series = find(method, caller, code) ?? add(method, caller, code);
      const seconds = durationMs / 1_000;
      const bucket = bucketOf(series.bounds, seconds);
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
      series.count += 1;
      series.sumSeconds += seconds;
    },
    series: () => [...byMethod.values()].flat(),
  };
  const about = { name: CALL_DURATIONS_NAME, help: HELP, type: "histogram", aggregator: "sum" } as const;
  const get = async (): Promise<MetricObjectWithValues<MetricValueWithName<string>>> => {
    return { ...about, values: [...byMethod.values()].flat().flatMap(exposed) } as never;
  };
  return { durations, metric: { ...about, get } as unknown as Metric };
}
