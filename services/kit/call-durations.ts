import type { DescMethod } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { Metric, MetricObjectWithValues, MetricValueWithName } from "prom-client";

/** How long calls of one kind took: a method, asked by a workload, with one end. */
export interface CallSeries {
  readonly method: DescMethod;
  readonly caller: string;
  /** The gRPC status code; 0 is OK. */
  readonly code: number;
  /** Calls by the bucket they fell into, in the order of `BOUNDS_SECONDS`, and after those the ones beyond. */
  readonly counts: number[];
  count: number;
  sumSeconds: number;
}

/** The durations of all calls: prom-client's histogram in what it exposes, without what it makes anew with each value. */
export interface CallDurations {
  observe(method: DescMethod, caller: string, code: number, durationMs: number): void;
  series(): Iterable<CallSeries>;
}

/** Upper bounds of the buckets; dense where a local call ends up, so that p50 and p99 can be told from them. */
export const BOUNDS_SECONDS: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30,
];

const NAME = "rpc_server_duration_seconds";
const HELP = "Seconds from a call's arrival to its answer";

function bucketOf(seconds: number): number {
  let at = 0;
  for (const bound of BOUNDS_SECONDS) {
    if (seconds <= bound) return at;
    at += 1;
  }
  return at;
}

/** The values of a series as a Prometheus histogram has them: cumulative counts by upper bound, sum and count. */
function exposed({ method, caller, code, counts, count, sumSeconds }: CallSeries): MetricValueWithName<string>[] {
  const labels = {
    service: method.parent.typeName,
    method: method.name,
    caller,
    code: code === 0 ? "OK" : (Code[code] ?? "Unknown"),
  };
  let cumulative = 0;
  const buckets = [...BOUNDS_SECONDS, "+Inf"].map((le, at) => {
    cumulative += counts[at] ?? 0;
    return { metricName: `${NAME}_bucket`, labels: { le, ...labels }, value: cumulative };
  });
  return [
    ...buckets,
    { metricName: `${NAME}_sum`, labels, value: sumSeconds },
    { metricName: `${NAME}_count`, labels, value: count },
  ];
}

/** The durations of a workload's calls, and the metric by which a prom-client registry shows them. */
export function createCallDurations(): { durations: CallDurations; metric: Metric } {
  // Of each method as many as it has callers by its contract, times the codes its calls end with: few.
  const byMethod = new Map<DescMethod, CallSeries[]>();
  const add = (method: DescMethod, caller: string, code: number): CallSeries => {
    const counts = [...BOUNDS_SECONDS, 0].map(() => 0);
    const series = { method, caller, code, counts, count: 0, sumSeconds: 0 };
    byMethod.set(method, [...(byMethod.get(method) ?? []), series]);
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
      const bucket = bucketOf(seconds);
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
      series.count += 1;
      series.sumSeconds += seconds;
    },
    series: () => [...byMethod.values()].flat(),
  };
  const about = { name: NAME, help: HELP, type: "histogram", aggregator: "sum" } as const;
  const get = async (): Promise<MetricObjectWithValues<MetricValueWithName<string>>> => {
    return { ...about, values: [...byMethod.values()].flat().flatMap(exposed) } as never;
  };
  return { durations, metric: { ...about, get } as unknown as Metric };
}
