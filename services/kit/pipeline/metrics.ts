import { Code } from "@connectrpc/connect";
import type { CallMetrics } from "../metrics.ts";
import type { Step } from "./pipeline.ts";

/** Rate, errors and duration of each call (the RED method), by service, method, code and caller. */
export function countCalls(metrics: CallMetrics): Step {
  return (call) => {
    call.onEnd.push(({ code, durationMs }) => {
      const labels = {
        service: call.method.parent.typeName,
        method: call.method.name,
        caller: call.caller,
        code: code === 0 ? "OK" : (Code[code] ?? "Unknown"),
      };
      metrics.duration.observe(labels, durationMs / 1000);
    });
  };
}
