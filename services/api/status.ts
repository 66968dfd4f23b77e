import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import {
  type MeshEdgeSchema,
  MeshService,
  type MeshStatus,
  MeshStatusSchema,
} from "#gen/shop/api/v1/mesh_service_pb.js";
import type { CallStats, Telemetry } from "#gen/shop/mesh/v1/workload_pb.js";
import { WorkloadService } from "#gen/shop/mesh/v1/workload_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { NOBODY } from "#kit/identity/workload.ts";

/** What was seen of a workload at one moment. */
export interface Look {
  readonly workload: string;
  /** When, on a clock that only goes forward. */
  readonly atMs: number;
  /** Undefined where it did not answer. */
  readonly telemetry: Telemetry | undefined;
  /** Why it did not answer, in a sentence. */
  readonly silence: string;
}

/** Calls since an earlier look. */
interface Traffic {
  readonly stats: CallStats;
  readonly count: number;
  readonly errors: number;
  readonly perSecond: number;
}

// Watching the shop is no traffic of the shop.
const UNCOUNTED: ReadonlySet<string> = new Set(
  [WorkloadService, Health, ServerReflection, ServerReflectionAlpha].map((it) => it.typeName),
);

// A stream lasts as long as somebody watches, which says nothing of how fast a service answers.
const STREAMS: ReadonlySet<string> = new Set(
  [MeshService, OrderService].flatMap((service) =>
    service.methods.filter((it) => it.methodKind !== "unary").map((it) => `${service.typeName}/${it.name}`),
  ),
);

const keyOf = ({ caller, service, method }: CallStats): string => `${caller} ${service}/${method}`;

/**
 * The calls between two looks at one replica. Without an earlier look, or if the replica was started again since (its
 * counters or its uptime went backwards), they are counted from its start.
 */
export function trafficSince(before: Look | undefined, now: Look & { readonly telemetry: Telemetry }): Traffic[] {
  const { uptimeSeconds, calls } = now.telemetry;
  const earlier = new Map(before?.telemetry?.calls.map((it) => [keyOf(it), it]));
  const restarted =
    before?.telemetry === undefined ||
    uptimeSeconds < before.telemetry.uptimeSeconds ||
    calls.some((it) => it.count < (earlier.get(keyOf(it))?.count ?? 0n));
  const seconds = restarted ? Math.max(1, Number(uptimeSeconds)) : Math.max(0.001, (now.atMs - before.atMs) / 1000);
  return calls
    .filter((it) => !UNCOUNTED.has(it.service))
    .map((stats) => {
      const base = restarted ? undefined : earlier.get(keyOf(stats));
      const count = Number(stats.count - (base?.count ?? 0n));
      return { stats, count, errors: Number(stats.errors - (base?.errors ?? 0n)), perSecond: count / seconds };
    });
}

/**
 * A latency of a whole workload from those of its methods: the smallest that is not exceeded by methods with this share of
 * all calls. So a method that is rarely called and slow does not speak for all, and one that is often called does.
 */
export function weightedQuantile(
  rows: readonly { readonly weight: number; readonly value: number }[],
  share: number,
): number {
  const total = rows.reduce((sum, it) => sum + it.weight, 0);
  let covered = 0;
  for (const { weight, value } of rows.toSorted((a, b) => a.value - b.value)) {
    covered += weight;
    if (covered >= share * total) return value;
  }
  return 0;
}

function latency(stats: readonly CallStats[], share: number, latencyMs: (it: CallStats) => number): number {
  const unary = stats.filter((it) => !STREAMS.has(`${it.service}/${it.method}`));
  return weightedQuantile(
    unary.map((it) => ({ weight: Number(it.count), value: latencyMs(it) })),
    share,
  );
}

function workloadStatus({ workload, telemetry, silence }: Look, traffic: readonly Traffic[]) {
  if (telemetry === undefined) return { workload, ready: false, notReadyReason: silence };
  const calls = traffic.map((it) => it.stats);
  const count = traffic.reduce((sum, it) => sum + it.count, 0);
  return {
    workload,
    ready: telemetry.ready,
    notReadyReason: telemetry.notReadyReason,
    callsPerSecond: traffic.reduce((sum, it) => sum + it.perSecond, 0),
    errorRatio: count === 0 ? 0 : traffic.reduce((sum, it) => sum + it.errors, 0) / count,
    p50Ms: latency(calls, 0.5, (it) => it.p50Ms),
    p99Ms: latency(calls, 0.99, (it) => it.p99Ms),
    uptimeSeconds: telemetry.uptimeSeconds,
    calls,
  };
}

/** Who called this workload, over all its methods; nobody is no workload. */
function edgesTo(callee: string, traffic: readonly Traffic[]): MessageInitShape<typeof MeshEdgeSchema>[] {
  const named = traffic.filter(({ stats }) => stats.caller !== NOBODY);
  return [...Map.groupBy(named, (it) => it.stats.caller)].map(([caller, rows]) => ({
    caller,
    callee,
    count: rows.reduce((sum, it) => sum + it.stats.count, 0n),
    errors: rows.reduce((sum, it) => sum + it.stats.errors, 0n),
    callsPerSecond: rows.reduce((sum, it) => sum + it.perSecond, 0),
  }));
}

/** The state of the mesh from a look at each workload, and the last look before at which it answered. */
export function statusOf(looks: readonly Look[], before: ReadonlyMap<string, Look>, observeTime: Date): MeshStatus {
  const seen = looks.map((look) => {
    const { telemetry } = look;
    return {
      look,
      traffic: telemetry === undefined ? [] : trafficSince(before.get(look.workload), { ...look, telemetry }),
    };
  });
  return create(MeshStatusSchema, {
    observeTime: timestampFromDate(observeTime),
    healthy: looks.every((it) => it.telemetry?.ready === true),
    workloads: seen.map(({ look, traffic }) => workloadStatus(look, traffic)),
    edges: seen.flatMap(({ look, traffic }) => edgesTo(look.workload, traffic)),
  });
}
