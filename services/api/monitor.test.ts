import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { TelemetrySchema } from "#gen/shop/mesh/v1/workload_pb.js";
import { createMonitor } from "./monitor.ts";

const INTERVAL_MS = 2_000;

function monitorOf(ask: (workload: string) => Promise<unknown> = async () => {}) {
  const asked: string[] = [];
  const clock = { ms: 0 };
  const monitor = createMonitor({
    workloads: ["product", "cart"],
    intervalMs: INTERVAL_MS,
    nowMs: () => clock.ms,
    ask: async (workload) => {
      asked.push(workload);
      await ask(workload);
      return create(TelemetrySchema, { workload, ready: true });
    },
  });
  return { monitor, asked, clock };
}

test("one look serves all who ask within an interval", async () => {
  const { monitor, asked, clock } = monitorOf();
  await Promise.all([monitor.status(), monitor.status(), monitor.watch(new AbortController().signal).next()]);
  await monitor.status();
  expect(asked).toEqual(["product", "cart"]);
  clock.ms += INTERVAL_MS;
  await Promise.all([monitor.status(), monitor.status()]);
  expect(asked).toEqual(["product", "cart", "product", "cart"]);
});

test("nobody who asks: no look", () => {
  expect(monitorOf().asked).toEqual([]);
});

test.each([
  [new ConnectError("late", Code.DeadlineExceeded), "It does not answer in time."],
  [new ConnectError("connect ECONNREFUSED 10.1.2.3:3001", Code.Unavailable), "It cannot be reached."],
  [new Error("nobody knows where it is"), "It cannot be reached."],
])("a workload that fails with %s is not ready", async (error, notReadyReason) => {
  const { monitor } = monitorOf(async (workload) => {
    if (workload === "cart") throw error;
  });
  expect(await monitor.status()).toMatchObject({
    healthy: false,
    workloads: [{ ready: true }, { ready: false, notReadyReason }],
  });
});

test("a watch ends with its signal", async () => {
  const abort = new AbortController();
  const watch = monitorOf().monitor.watch(abort.signal);
  expect((await watch.next()).value).toMatchObject({ healthy: true });
  const rest = watch.next();
  abort.abort();
  expect(await rest).toEqual({ done: true, value: undefined });
});
