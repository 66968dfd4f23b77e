import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, it } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { WorkloadService } from "#gen/shop/mesh/v1/workload_service_pb.js";
import { implement } from "./implementation.ts";
import type { Main } from "./kit.ts";
import { echoContract } from "./testing/contract.ts";
import { startTestMesh, type TestMesh } from "./testing/mesh.ts";

const Echo = echoContract();

let mesh: TestMesh;
afterEach(() => mesh.close());

/** Starts a service whose store answers as the test says at that moment. */
async function start(check: () => Promise<void>): Promise<{ url: string }> {
  const methods = Object.fromEntries(Echo.methods.map((it) => [it.localName, () => ({})]));
  const main: Main = (kit) => kit.serve({ services: [{ service: Echo, methods }, implementNothing()], ready: check });
  mesh = await startTestMesh({ product: main }, { postgresUrl: "postgres://nobody" });
  return { url: mesh.url("product") };
}

/** A second service of the same workload. */
function implementNothing() {
  const Other = echoContract("other.product.v1");
  return implement(Other, Object.fromEntries(Other.methods.map((it) => [it.localName, () => ({})])) as never);
}

async function get(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

const checks: readonly [string, () => Promise<void>, RegExp | undefined][] = [
  ["its store answers", async () => {}, undefined],
  ["its store is away", () => Promise.reject(new Error("connection refused")), /store failed: connection refused/],
  [
    "its store's driver throws at once",
    () => {
      throw new Error("pool is closed");
    },
    /store failed: pool is closed/,
  ],
  [
    "its store is away at every address",
    () => Promise.reject(new AggregateError([new Error("refused at ::1"), new Error("refused at 127.0.0.1")])),
    /store failed: refused at ::1/,
  ],
  ["its store does not answer", () => new Promise(() => {}), /store does not answer/],
];

describe("readiness", () => {
  it.each(checks)("is truthful when %s, on all ways to ask", async (_, check, reason) => {
    const { url } = await start(check);
    const health = mesh.client(Health, { workload: "product" });
    const workload = mesh.client(WorkloadService, { workload: "product", caller: "api" });
    const [alive, ready, checked, { telemetry }] = await Promise.all([
      get(`${url}/health`),
      get(`${url}/ready`),
      health.check({}),
      workload.getTelemetry({}),
    ]);
    expect(alive.status).toBe(200); // the process lives: killing it would not mend its store
    expect(ready.status).toBe(reason === undefined ? 200 : 503);
    expect(ready.text).toMatch(reason ?? /^ready$/m);
    expect(checked.status).toBe(reason === undefined ? Status.SERVING : Status.NOT_SERVING);
    expect(telemetry?.ready).toBe(reason === undefined);
    expect(telemetry?.notReadyReason).toMatch(reason ?? /^$/);
  });

  it("ends with the call to stop, while calls are still served", async () => {
    const methods = Object.fromEntries(Echo.methods.map((it) => [it.localName, () => ({ value: "served" })]));
    const main: Main = (kit) => kit.serve({ services: [{ service: Echo, methods }], ready: async () => {} });
    mesh = await startTestMesh({}, { postgresUrl: "postgres://nobody" });
    const running = await mesh.start("product", main);
    running.drain();
    const ready = await get(`${mesh.url("product")}/ready`);
    expect(ready).toEqual({ status: 503, text: "It is stopping.\n" });
    expect((await mesh.client(Health, { workload: "product" }).check({})).status).toBe(Status.NOT_SERVING);
    expect((await mesh.client(Echo).say({ value: "" })).value).toBe("served");
  });
});

describe("the gRPC health protocol", () => {
  it("knows the services of the workload, and no others", async () => {
    await start(async () => {});
    const health = mesh.client(Health, { workload: "product" });
    const statuses = {
      [Echo.typeName]: 1,
      "other.product.v1.EchoService": 1,
      "": 1,
      "shop.order.v1.OrderService": 3,
      x: 3,
    };
    for (const [service, status] of Object.entries(statuses))
      expect(await health.check({ service }), service).toMatchObject({ status });
  });

  it("tells a watcher at once, and again with every change", async () => {
    let away = false;
    await start(async () => {
      if (away) throw new Error("away");
    });
    const seen: Status[] = [];
    const leave = new AbortController();
    const watching = (async () => {
      for await (const { status } of mesh.client(Health, { workload: "product" }).watch({}, { signal: leave.signal })) {
        seen.push(status);
        away = !away;
        if (seen.length === 3) leave.abort();
      }
    })();
    await expect(watching).rejects.toSatisfy((it) => ConnectError.from(it).code === Code.Canceled);
    expect(seen).toEqual([Status.SERVING, Status.NOT_SERVING, Status.SERVING]);
  });
});
