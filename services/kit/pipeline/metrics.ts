import { Code } from "@connectrpc/connect";
import type { Call, Outcome } from "../call.ts";
import type { CallDurations } from "../call-durations.ts";
import type { Step } from "./pipeline.ts";

/** The share of a call's time after which a caller that goes away is one that waited to the end. */
const WAITED_SHARE = 0.9;

/**
 * How a call ended. A proxy between caller and service keeps the same timeout and began to count it earlier: it goes away
 * just before the service would have said that the time is over.
 */
function codeOf({ deadlineMs, startMs, isReceiving }: Call, { code, durationMs }: Outcome): number {
  // Who never came to the end of its request has itself to wait for.
  if (code !== Code.Canceled || deadlineMs === undefined || isReceiving) return code;
  return durationMs >= WAITED_SHARE * (deadlineMs - startMs) ? Code.DeadlineExceeded : code;
}

/**
 * Rate, errors and duration of each call (the RED method), by service, method, code and caller. How long a stream lives
 * says nothing; what is measured, and promised, of it is the time to its first message.
 */
export function countCalls(durations: CallDurations): Step {
  return (call) => {
    call.onEnd.push((outcome) =>
      durations.observe(call.method, call.caller, codeOf(call, outcome), call.firstMessageMs ?? outcome.durationMs),
    );
  };
}
