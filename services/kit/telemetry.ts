import { WorkloadService } from "#gen/shop/mesh/v1/workload_service_pb.js";
import type { CallDurations } from "./call-durations.ts";
import type { Readiness } from "./health.ts";
import { type Implementation, implement } from "./implementation.ts";
import type { Metrics } from "./metrics.ts";
import { SERVER_FAULTS } from "./pipeline/access-log.ts";
import { methodName } from "./policy.ts";

interface Row {
  caller: string;
  service: string;
  method: string;
  count: number;
  errors: number;
  /** Upper bounds of the buckets, in seconds. */
  bounds: readonly number[];
  /** Calls by bucket. */
  counts: number[];
}

/**
 * The value below which a share of a histogram's observations lies, in milliseconds; linear within a bucket.
 * @param counts observations in each bucket, and after those the ones beyond the last bound
 */
export function quantileMs(bounds: readonly number[], counts: readonly number[], share: number): number {
  const rank = share * counts.reduce((sum, it) => sum + it, 0);
  let lower = 0;
  let below = 0;
  for (const [at, upper] of bounds.entries()) {
    const within = counts[at] ?? 0;
    if (below + within >= rank) return (lower + (upper - lower) * (within === 0 ? 0 : (rank - below) / within)) * 1_000;
    lower = upper;
    below += within;
  }
  return lower * 1_000;
}

/** The series of all codes together, by who called what. */
function callRows(durations: CallDurations): Row[] {
  const rows = new Map<string, Row>();
  for (const { method, caller, code, bounds, counts, count } of durations.series()) {
    const key = `${caller} ${methodName(method)}`;
    const row = rows.get(key) ?? {
      caller,
      service: method.parent.typeName,
      method: method.name,
      count: 0,
      errors: 0,
      bounds,
      counts: counts.map(() => 0),
    };
    rows.set(key, row);
    row.count += count;
    if (SERVER_FAULTS.has(code)) row.errors += count;
    counts.forEach((it, at) => {
      row.counts[at] = (row.counts[at] ?? 0) + it;
    });
  }
  return [...rows.values()];
}

/** What a workload tells of itself; the mesh's state is put together from these. */
export function telemetryService(options: {
  workload: string;
  metrics: Metrics;
  readiness: Readiness;
}): Implementation {
  const startMs = performance.now();
  return implement(WorkloadService, {
    async getTelemetry() {
      const reason = await options.readiness.notReadyReason();
      const rows = callRows(options.metrics.calls);
      return {
        telemetry: {
          workload: options.workload,
          uptimeSeconds: BigInt(Math.floor((performance.now() - startMs) / 1000)),
          ready: reason === undefined,
          notReadyReason: reason ?? "",
          memoryBytes: BigInt(process.memoryUsage.rss()),
          calls: rows.map(({ bounds, counts, count, errors, ...row }) => ({
            ...row,
            count: BigInt(count),
            errors: BigInt(errors),
            p50Ms: quantileMs(bounds, counts, 0.5),
            p99Ms: quantileMs(bounds, counts, 0.99),
          })),
        },
      };
    },
  });
}
