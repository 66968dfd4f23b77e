import { setTimeout as sleep } from "node:timers/promises";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { type Implementation, implement } from "./implementation.ts";
import { reasonOf } from "./reason.ts";

/** What a workload knows of its own state. */
export interface Readiness {
  /** Why it cannot serve now, in a sentence; undefined when it can. Asks the store. */
  notReadyReason(): Promise<string | undefined>;
}

/** How long a store may take to answer whether it is there. */
export const CHECK_TIMEOUT_MS = 1_500;
const WATCH_INTERVAL_MS = 1_000;

/** Readiness from a check that throws; a check that does not come back counts as a failed one. */
export function createReadiness(check: () => Promise<void>, isDraining: () => boolean): Readiness {
  return {
    async notReadyReason() {
      if (isDraining()) return "It is stopping.";
      const over = new AbortController();
      const late = sleep(CHECK_TIMEOUT_MS, "Its store does not answer.", { ref: false, signal: over.signal });
      late.catch(() => {}); // the check came back first
      const checked = Promise.resolve()
        .then(check)
        .then(
          () => undefined,
          (error: unknown) => `Its store failed: ${reasonOf(error)}`,
        );
      return Promise.race([checked, late]).finally(() => over.abort());
    },
  };
}

/** The gRPC health protocol over a workload's readiness. */
export function healthService(readiness: Readiness, serves: (typeName: string) => boolean): Implementation {
  const status = async (service: string, unknown: Status) => {
    if (service !== "" && !serves(service)) return unknown;
    return (await readiness.notReadyReason()) === undefined ? Status.SERVING : Status.NOT_SERVING;
  };
  return implement(Health, {
    check: async (request) => ({ status: await status(request.service, Status.SERVICE_UNKNOWN) }),
    async *watch(request, context) {
      let last: Status | undefined;
      while (!context.signal.aborted) {
        const now = await status(request.service, Status.SERVICE_UNKNOWN);
        if (now !== last) yield { status: now };
        last = now;
        await sleep(WATCH_INTERVAL_MS, undefined, { signal: context.signal }).catch(() => {});
      }
    },
  });
}
