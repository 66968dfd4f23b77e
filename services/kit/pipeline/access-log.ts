import { Code } from "@connectrpc/connect";
import { methodName } from "../policy.ts";
import type { Step } from "./pipeline.ts";

/** Codes that say the service itself is at fault. */
export const SERVER_FAULTS: ReadonlySet<number> = new Set([
  Code.Unknown,
  Code.Internal,
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.DataLoss,
  Code.Unimplemented,
]);

/** A line for each call: who called what for whom, and how it ended. Never a message: those may hold secrets. */
export function accessLog(): Step {
  return (call) => {
    call.log = call.log.child({
      requestId: call.requestId,
      traceId: call.trace.traceId,
      method: methodName(call.method),
    });
    call.onEnd.push(({ code, error, durationMs }) => {
      const entry = {
        caller: call.caller,
        user: call.user?.userId,
        code: code === 0 ? "OK" : Code[code],
        durationMs: Math.round(durationMs * 10) / 10,
      };
      if (code === 0) call.log.info(entry, "call");
      else if (code === Code.Internal || code === Code.Unknown) call.log.error({ ...entry, err: error }, "call failed");
      else if (SERVER_FAULTS.has(code)) call.log.warn({ ...entry, err: error }, "call failed");
      else call.log.info({ ...entry, reason: error instanceof Error ? error.message : undefined }, "call refused");
    });
  };
}
