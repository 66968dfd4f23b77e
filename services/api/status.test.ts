import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { MeshService } from "#gen/shop/api/v1/mesh_service_pb.js";
import { type CallStats, CallStatsSchema, TelemetrySchema } from "#gen/shop/mesh/v1/workload_pb.js";
import { WorkloadService } from "#gen/shop/mesh/v1/workload_service_pb.js";
import { type Look, statusOf, weightedQuantile } from "./status.ts";

type Calls = Partial<Pick<CallStats, "caller" | "service" | "method" | "p50Ms" | "p99Ms">> & {
  count: number;
  errors?: number;
};

const lookOf = (atMs: number, uptimeSeconds: number, calls: readonly Calls[], workload = "product"): Look => ({
  workload,
  atMs,
  silence: "",
  telemetry: create(TelemetrySchema, {
    workload,
    ready: true,
    uptimeSeconds: BigInt(uptimeSeconds),
    calls: calls.map(({ count, errors = 0, ...it }) =>
      create(CallStatsSchema, {
        caller: "edge",
        service: "shop.S",
        method: "M",
        ...it,
        count: BigInt(count),
        errors: BigInt(errors),
      }),
    ),
  }),
});
const silent = (workload: string): Look => ({
  workload,
  atMs: 0,
  telemetry: undefined,
  silence: "It cannot be reached.",
});
const status = (now: readonly Look[], before: readonly Look[] = []) =>
  statusOf(now, new Map(before.map((it) => [it.workload, it])), new Date(0));

describe("rates", () => {
  test.each([
    { name: "between two looks", before: lookOf(1000, 50, [{ count: 10, errors: 4 }]), perSecond: 15, errorRatio: 0.1 },
    { name: "with the first look: since the start", before: undefined, perSecond: 0.8, errorRatio: 7 / 40 },
    {
      name: "after a restart: since then",
      before: lookOf(1000, 900, [{ count: 10 }]),
      perSecond: 0.8,
      errorRatio: 7 / 40,
    },
    {
      name: "of counters that went backwards",
      before: lookOf(1000, 50, [{ count: 90 }]),
      perSecond: 0.8,
      errorRatio: 7 / 40,
    },
    { name: "of a method that is new", before: lookOf(1000, 50, []), perSecond: 20, errorRatio: 7 / 40 },
    { name: "without calls", before: lookOf(1000, 50, [{ count: 40, errors: 7 }]), perSecond: 0, errorRatio: 0 },
  ])("$name", ({ before, perSecond, errorRatio }) => {
    const { workloads, edges } = status([lookOf(3000, 50, [{ count: 40, errors: 7 }])], before && [before]);
    expect(workloads[0]?.callsPerSecond).toBeCloseTo(perSecond);
    expect(edges[0]?.callsPerSecond).toBeCloseTo(perSecond);
    expect(workloads[0]?.errorRatio).toBeCloseTo(errorRatio);
  });
});

test("an edge sums up all methods of a pair; watching the mesh is no traffic, and nobody is no end of an edge", () => {
  const calls = [
    { caller: "edge", method: "A", count: 3, errors: 1 },
    { caller: "edge", method: "B", count: 4 },
    { caller: "cart", method: "B", count: 5 },
    { caller: "", method: "B", count: 6 },
    { caller: "api", service: WorkloadService.typeName, count: 999 },
  ];
  const { edges, workloads } = status([lookOf(0, 10, calls)]);
  expect(edges.map((it) => [it.caller, it.callee, it.count, it.errors])).toEqual([
    ["edge", "product", 7n, 1n],
    ["cart", "product", 5n, 0n],
  ]);
  expect(workloads[0]?.calls).toHaveLength(4);
});

test("the mesh is healthy when all can serve", () => {
  const [one, other] = [lookOf(0, 1, []), lookOf(0, 1, [], "cart")];
  expect(status([one, other]).healthy).toBe(true);
  const partly = status([one, silent("cart")]);
  expect(partly.healthy).toBe(false);
  expect(partly.workloads[1]).toMatchObject({
    workload: "cart",
    ready: false,
    notReadyReason: "It cannot be reached.",
  });
});

test("latency leaves streams out: they last as long as somebody watches", () => {
  const stream = {
    service: MeshService.typeName,
    method: MeshService.method.watchStatus.name,
    count: 900,
    p50Ms: 30_000,
    p99Ms: 30_000,
  };
  const { workloads } = status([lookOf(0, 10, [stream, { count: 5, p50Ms: 2, p99Ms: 9 }])]);
  expect(workloads[0]).toMatchObject({ p50Ms: 2, p99Ms: 9 });
});

test.each([
  { rows: [], share: 0.5, quantile: 0 },
  { rows: [[10, 5]], share: 0.99, quantile: 5 },
  {
    rows: [
      [99, 5],
      [1, 800],
    ],
    share: 0.99,
    quantile: 5,
  },
  {
    rows: [
      [90, 5],
      [10, 800],
    ],
    share: 0.99,
    quantile: 800,
  },
  {
    rows: [
      [10, 800],
      [90, 5],
    ],
    share: 0.5,
    quantile: 5,
  },
])("quantile $share of $rows is $quantile", ({ rows, share, quantile }) => {
  expect(
    weightedQuantile(
      rows.map(([weight = 0, value = 0]) => ({ weight, value })),
      share,
    ),
  ).toBe(quantile);
});
