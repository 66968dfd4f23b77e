import type { ServerResponse } from "node:http";
import type { HttpRoutes } from "#kit/serve.ts";
import type { Monitor } from "./monitor.ts";

/** `GET /health/all`: 200 when every service can serve, else 503; and which can, in JSON. For probes without gRPC. */
export function healthRoutes(monitor: Monitor): HttpRoutes {
  return {
    "/health/all": async (_, response) => {
      const { healthy, workloads } = await monitor.status();
      const body = JSON.stringify({
        healthy,
        workloads: Object.fromEntries(
          workloads.map(({ workload, ready, notReadyReason }) => [
            workload,
            { ready, ...(!ready && { reason: notReadyReason }) },
          ]),
        ),
      });
      (response as ServerResponse)
        .writeHead(healthy ? 200 : 503, { "content-type": "application/json", "cache-control": "no-store" })
        .end(`${body}\n`);
    },
  };
}
