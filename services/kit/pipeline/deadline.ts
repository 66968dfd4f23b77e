import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import { timeoutMsOf } from "../policy.ts";
import type { Step } from "./pipeline.ts";

/** Ends the call when the contract's time, or the caller's if that is shorter, is over. */
export function deadline(): Step {
  return (call) => {
    const limitMs = Math.min(
      timeoutMsOf(call.policy) ?? Number.POSITIVE_INFINITY,
      call.callerTimeoutMs ?? Number.POSITIVE_INFINITY,
    );
    if (limitMs === Number.POSITIVE_INFINITY) return;
    call.deadlineMs = call.startMs + limitMs;
    const timer = setTimeout(
      () => {
        call.abort.abort(
          callFailure(ErrorReason.DEADLINE_EXCEEDED, `The call was not answered within ${Math.round(limitMs)} ms.`),
        );
      },
      Math.max(0, limitMs),
    );
    call.onEnd.push(() => clearTimeout(timer));
  };
}
