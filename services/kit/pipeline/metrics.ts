import type { CallDurations } from "../call-durations.ts";
import type { Step } from "./pipeline.ts";

/** Rate, errors and duration of each call (the RED method), by service, method, code and caller. */
export function countCalls(durations: CallDurations): Step {
  return (call) => {
    call.onEnd.push(({ code, durationMs }) => durations.observe(call.method, call.caller, code, durationMs));
  };
}
