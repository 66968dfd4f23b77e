import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { WorkloadService } from "#gen/shop/mesh/v1/workload_service_pb.js";
import { reasonOf } from "../testing/call.ts";
import { echoContract } from "../testing/contract.ts";
import { fakeMain } from "../testing/fake.ts";
import { startTestMesh, type TestMesh } from "../testing/mesh.ts";
import { LIMIT_MAX } from "./concurrency-limit.ts";

const Echo = echoContract();
let started = 0;
const parked: (() => void)[] = [];
const main = fakeMain(Echo, {
  async say({ value }) {
    started++;
    await new Promise<void>((resume) => parked.push(resume));
    return { value };
  },
  async *watch({ value }) {
    yield { value };
    await new Promise<void>((resume) => parked.push(resume));
  },
});

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({ product: main }, { postgresUrl: "postgres://nobody" });
});
afterAll(() => mesh.close());

const CALLS_A_CONNECTION = 64;

it("refuses what is too much, with a time to come again, and still says how it is", async () => {
  const connect = () => createClient(Echo, createGrpcTransport({ baseUrl: mesh.url("product") }));
  const stream = connect().watch({ value: "open" })[Symbol.asyncIterator]();
  await stream.next(); // holds no slot
  const clients = Array.from({ length: LIMIT_MAX / CALLS_A_CONNECTION }, connect);
  const calls: Promise<{ value: string }>[] = [];
  for (const client of clients) {
    for (let call = 0; call < CALLS_A_CONNECTION; call++) calls.push(client.say({ value: "in" }));
    // Not all at once: on a busy machine that would be more than a burst, and the limit would fall.
    await vi.waitFor(() => expect(started).toBe(calls.length), { timeout: 10_000 });
  }

  const refusals = await Promise.all(
    Array.from({ length: 20 }, () => connect().say({ value: "too much" }).catch(ConnectError.from)),
  );
  const waits = refusals.map((it) => {
    if (!(it instanceof ConnectError)) throw new Error("was answered");
    expect(it.code).toBe(Code.ResourceExhausted);
    expect(reasonOf(it)).toBe("OVERLOADED");
    const delay = it.findDetails(RetryInfoSchema)[0]?.retryDelay;
    return delay === undefined ? 0 : durationMs(delay);
  });
  expect(Math.min(...waits)).toBeGreaterThan(0);
  expect(new Set(waits).size).toBeGreaterThan(1);
  expect(started).toBe(LIMIT_MAX);

  const health = await mesh.client(Health, { workload: "product" }).check({});
  expect(health.status).toBe(Status.SERVING);
  const { telemetry } = await mesh.client(WorkloadService, { caller: "api", workload: "product" }).getTelemetry({});
  expect(telemetry?.ready).toBe(true);
  const seen = await (await fetch(`${mesh.url("product")}/metrics`)).text();
  expect(seen).toMatch(/^rpc_server_overloaded_total\{.*\} 20$/m);
  expect(seen).toMatch(new RegExp(`^rpc_server_concurrency\\{.*\\} ${LIMIT_MAX}$`, "m"));

  for (const resume of parked) resume();
  expect(new Set((await Promise.all(calls)).map((it) => it.value))).toEqual(new Set(["in"]));
  const again = connect().say({ value: "again" });
  await vi.waitFor(() => expect(started).toBe(LIMIT_MAX + 1));
  for (const resume of parked) resume();
  expect((await again).value).toBe("again");
});
