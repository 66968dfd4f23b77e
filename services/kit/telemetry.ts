import { Code } from "@connectrpc/connect";
import type { MetricObjectWithValues, MetricValueWithName } from "prom-client";
import { WorkloadService } from "#gen/shop/mesh/v1/workload_service_pb.js";
import { type Implementation, implement } from "./connect.ts";
import type { Readiness } from "./health.ts";
import type { CallLabel, Metrics } from "./metrics.ts";
import { SERVER_FAULTS } from "./pipeline/access-log.ts";

interface Row {
  caller: string;
  service: string;
  method: string;
  count: number;
  errors: number;
  /** Cumulative counts by upper bound in seconds. */
  buckets: Map<number, number>;
}

const FAULTY_CODES = new Set([...SERVER_FAULTS].map((it) => Code[it]));

/** The value below which a share of a histogram's observations lies, in milliseconds; linear within a bucket. */
export function quantileMs(buckets: ReadonlyMap<number, number>, count: number, share: number): number {
  const rank = share * count;
  let lower = 0;
  let below = 0;
  for (const [upper, cumulative] of [...buckets].sort(([a], [b]) => a - b)) {
    if (cumulative >= rank) {
      if (upper === Number.POSITIVE_INFINITY) return lower * 1000;
      const within = cumulative - below;
      return (lower + (upper - lower) * (within === 0 ? 0 : (rank - below) / within)) * 1000;
    }
    lower = upper;
    below = cumulative;
  }
  return lower * 1000;
}

async function callRows(metrics: Metrics): Promise<Row[]> {
  const snapshot = (await metrics.calls.duration.get()) as MetricObjectWithValues<
    MetricValueWithName<CallLabel | "le">
  >;
  const rows = new Map<string, Row>();
  for (const { labels, value, metricName } of snapshot.values) {
    const { caller = "", service = "", method = "", code = "", le } = labels;
    const key = `${caller} ${service} ${method}`;
    const row = rows.get(key) ?? {
      caller: `${caller}`,
      service: `${service}`,
      method: `${method}`,
      count: 0,
      errors: 0,
      buckets: new Map(),
    };
    rows.set(key, row);
    if (metricName?.endsWith("_count")) {
      row.count += value;
      if (FAULTY_CODES.has(`${code}`)) row.errors += value;
    } else if (metricName?.endsWith("_bucket") && le !== undefined) {
      const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le);
      row.buckets.set(bound, (row.buckets.get(bound) ?? 0) + value);
    }
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
      const rows = await callRows(options.metrics);
      return {
        telemetry: {
          workload: options.workload,
          uptimeSeconds: BigInt(Math.floor((performance.now() - startMs) / 1000)),
          ready: reason === undefined,
          notReadyReason: reason ?? "",
          memoryBytes: BigInt(process.memoryUsage.rss()),
          calls: rows.map(({ buckets, count, errors, ...row }) => ({
            ...row,
            count: BigInt(count),
            errors: BigInt(errors),
            p50Ms: quantileMs(buckets, count, 0.5),
            p99Ms: quantileMs(buckets, count, 0.99),
          })),
        },
      };
    },
  });
}
