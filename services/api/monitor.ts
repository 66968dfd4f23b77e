import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { MeshStatus } from "#gen/shop/api/v1/mesh_service_pb.js";
import type { Telemetry } from "#gen/shop/mesh/v1/workload_pb.js";
import { type Look, statusOf } from "./status.ts";

/** Looks at the workloads when somebody wants to know, and only then. */
export interface Monitor {
  /** The state now: one look serves all who ask at about the same time. */
  status(): Promise<MeshStatus>;
  /** The state now and after each interval, until the signal aborts. */
  watch(signal: AbortSignal): AsyncGenerator<MeshStatus>;
}

/** What a monitor is made of. */
export interface MonitorOptions {
  readonly workloads: readonly string[];
  /** Asks one workload. */
  readonly ask: (workload: string) => Promise<Telemetry | undefined>;
  /** Milliseconds between two states of a watch. */
  readonly intervalMs: number;
  readonly nowMs?: () => number;
}

/** The share of an interval after which a state is too old to be shown again. */
const STALE_SHARE = 0.75;

/** Never the error's own text: anybody may ask for the state of the mesh, and addresses are nobody's business. */
function silenceOf(error: unknown): string {
  return ConnectError.from(error).code === Code.DeadlineExceeded
    ? "It does not answer in time."
    : "It cannot be reached.";
}

/** A monitor of these workloads. Make it outside any call: a look outlives the call that happened to ask first. */
export function createMonitor({
  workloads,
  ask,
  intervalMs,
  nowMs = () => performance.now(),
}: MonitorOptions): Monitor {
  const outsideOfCalls = AsyncLocalStorage.snapshot();
  const answered = new Map<string, Look>();
  let latest: { readonly status: MeshStatus; readonly atMs: number } | undefined;
  let running: Promise<MeshStatus> | undefined;

  const lookAt = (workload: string): Promise<Look> =>
    ask(workload).then(
      (telemetry) => ({
        workload,
        atMs: nowMs(),
        telemetry,
        silence: telemetry === undefined ? "Its answer is empty." : "",
      }),
      (error: unknown) => ({ workload, atMs: nowMs(), telemetry: undefined, silence: silenceOf(error) }),
    );
  const lookAtAll = async (): Promise<MeshStatus> => {
    const atMs = nowMs();
    const looks = await Promise.all(workloads.map(lookAt));
    const status = statusOf(looks, answered, new Date());
    for (const look of looks) if (look.telemetry !== undefined) answered.set(look.workload, look);
    latest = { status, atMs };
    return status;
  };
  const status = async (): Promise<MeshStatus> => {
    if (latest !== undefined && nowMs() - latest.atMs < STALE_SHARE * intervalMs) return latest.status;
    running ??= outsideOfCalls(lookAtAll).finally(() => {
      running = undefined;
    });
    return running;
  };
  return {
    status,
    async *watch(signal) {
      while (!signal.aborted) {
        const startMs = nowMs();
        yield await status();
        const leftMs = Math.max(0, startMs + intervalMs - nowMs());
        await sleep(leftMs, undefined, { signal }).catch(() => {});
      }
    },
  };
}
