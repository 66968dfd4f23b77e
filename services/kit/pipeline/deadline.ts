import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { Call } from "../call.ts";
import { callFailure, type Failure } from "../failure.ts";
import { timeoutMsOf } from "../policy.ts";
import type { Step } from "./pipeline.ts";

// The longest time that a timer takes; whoever allows more means "as long as it needs".
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The time the call may take: the contract's, or the caller's if that is shorter; undefined for no end. */
function limitMsOf(call: Call): number | undefined {
  const endless = Number.POSITIVE_INFINITY;
  const limitMs = Math.min(timeoutMsOf(call.policy) ?? endless, call.callerTimeoutMs ?? endless);
  return limitMs > TIMER_MAX_MS ? undefined : Math.max(0, limitMs);
}

/** What a call ends with when its time is over. */
export function deadlineExceeded(call: Call): Failure {
  const limitMs = limitMsOf(call);
  const within = limitMs === undefined ? "in time" : `within ${Math.round(limitMs)} ms`;
  return callFailure(ErrorReason.DEADLINE_EXCEEDED, `The call was not answered ${within}.`);
}

/** What a call ends with whose caller takes all its time to send the request: not the service's fault. */
function requestIncomplete(): Failure {
  return callFailure(ErrorReason.REQUEST_INCOMPLETE, "The request did not come to its end in time.");
}

/** Ends the call when the contract's time, or the caller's if that is shorter, is over. */
export function deadline(): Step {
  return (call) => {
    const limitMs = limitMsOf(call);
    if (limitMs === undefined) return;
    call.deadlineMs = call.startMs + limitMs;
    if (limitMs === 0) throw deadlineExceeded(call);
    const end = () => call.cancel(call.isReceiving ? requestIncomplete() : deadlineExceeded(call));
    const timer = setTimeout(end, limitMs);
    call.onEnd.push(() => clearTimeout(timer));
  };
}
