import type { CallDurations } from "../call-durations.ts";
import type { Step } from "./pipeline.ts";

/**
 * Rate, errors and duration of each call (the RED method), by service, method, code and caller. How long a stream lives
 * says nothing; what is measured, and promised, of it is the time to its first message.
 */
export function countCalls(durations: CallDurations): Step {
  return (call) => {
    call.onEnd.push(({ code, durationMs }) =>
      durations.observe(call.method, call.caller, code, call.firstMessageMs ?? durationMs),
    );
  };
}
