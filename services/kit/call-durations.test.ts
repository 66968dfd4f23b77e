import { Code } from "@connectrpc/connect";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { boundsOf, createCallDurations } from "./call-durations.ts";
import { contractOf } from "./testing/contract.ts";

/** A method whose contract promises this. */
function promising(latencyMs: number | undefined) {
  const objective = latencyMs === undefined ? {} : { objective: { latencyMs, availability: 0.99 } };
  const policy = { callers: ["edge"], user: User.ANY, timeout: { seconds: 9n }, ...objective };
  const [method] = contractOf([{ name: "Say", policy }]).methods;
  if (method === undefined) throw new Error("The contract has no method");
  return method;
}

describe("the buckets of call durations", () => {
  it.each([1, 50, 70, 150, 600, 1_500, 45_000])("have the promise of %d ms as a bound, in order", (latencyMs) => {
    const bounds = boundsOf(promising(latencyMs));
    expect(bounds).toContain(latencyMs / 1_000);
    expect(bounds).toEqual([...new Set(bounds)].sort((a, b) => a - b));
  });

  it("tell how often the promise was kept, exactly", async () => {
    const method = promising(150);
    const { durations, metric } = createCallDurations();
    for (const ms of [100, 149, 150, 151, 200]) durations.observe(method, "edge", 0, ms);
    durations.observe(method, "edge", Code.NotFound, 10);
    const registry = new Registry();
    registry.registerMetric(metric);
    const text = await registry.metrics();
    const labels = 'service="test.product.v1.EchoService",method="Say",caller="edge",code="OK"';
    expect(text).toContain(`rpc_server_duration_seconds_bucket{le="0.15",${labels}} 3`);
    expect(text).toContain(`rpc_server_duration_seconds_bucket{le="0.2",${labels}} 5`);
    expect(text).toContain(`rpc_server_duration_seconds_count{${labels}} 5`);
  });

  it("are those of all where nothing is promised", () => {
    expect(boundsOf(promising(undefined))).toEqual(boundsOf(promising(50)));
  });
});
