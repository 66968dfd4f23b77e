import { Code } from "@connectrpc/connect";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { Call, Outcome } from "../call.ts";
import { isFailure } from "../failure.ts";
import { reasonOf } from "../reason.ts";
import type { Step } from "./pipeline.ts";
import { createSampler } from "./sampler.ts";

/** Codes that say the service itself is at fault. */
export const SERVER_FAULTS: ReadonlySet<number> = new Set([
  Code.Unknown,
  Code.Internal,
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.DataLoss,
]);
// Nobody expected these: each has its line.
const UNEXPECTED: ReadonlySet<number> = new Set([Code.Unknown, Code.Internal, Code.DataLoss]);

function writeLine(call: Call, { code, error, durationMs }: Outcome, leftOut: number): void {
  const entry = {
    caller: call.caller,
    user: call.user?.userId,
    code: code === 0 ? "OK" : Code[code],
    durationMs: Math.round(durationMs * 10) / 10,
    ...(leftOut > 0 && { leftOut }),
  };
  const { log } = call;
  if (code === 0) log.info(entry, "call");
  else if (isFailure(error, ErrorReasonSchema, ErrorReason.SHUTTING_DOWN)) log.info(entry, "call ended by the stop");
  // What is away says so itself, once; of the calls that miss it a line is enough.
  else if (isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE))
    log.warn({ ...entry, reason: reasonOf((error as Error).cause ?? error) }, "call failed");
  else if (code === Code.Internal || code === Code.Unknown) log.error({ ...entry, err: error }, "call failed");
  else if (SERVER_FAULTS.has(code)) log.warn({ ...entry, err: error }, "call failed");
  else log.info({ ...entry, reason: error instanceof Error ? error.message : undefined }, "call refused");
}

/**
 * A line for each call: who called what for whom, and how it ended. Never a message: those may hold secrets. Of calls
 * that end alike and come by the hundred a second only some have a line, which says how many were left out; a call that
 * ends with what nobody expected always has one.
 */
export function accessLog(nowMs: () => number = () => performance.now()): Step {
  const sampler = createSampler(nowMs);
  return (call) => {
    call.onEnd.push((outcome) => {
      const leftOut = UNEXPECTED.has(outcome.code) ? 0 : sampler.take(call.method, outcome.code);
      if (leftOut !== undefined) writeLine(call, outcome, leftOut);
    });
  };
}
