import { Code } from "@connectrpc/connect";
import type { Call } from "../call.ts";
import { EDGE } from "../identity/workload.ts";
import { timeoutMsOf } from "../policy.ts";
import type { Sample } from "./concurrency-limit.ts";

// A call is late when it has used this share of its time: what queues up behind it will not be in time at all. Where the
// service itself has no rest, the queue may be as long again as what has been told of it.
const LATE_SHARE = { waiting: 0.5, busy: 0.25 } as const;
const ACCEPTABLE_MIN_MS = 1;
const ACCEPTABLE_MAX_MS = 5_000;
// Ends that say nothing about how busy the service is: refusals, which are quick, and what went wrong elsewhere.
const TELL_NOTHING: ReadonlySet<number> = new Set([
  Code.InvalidArgument,
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.ResourceExhausted,
  Code.Unimplemented,
  Code.Unavailable,
  Code.Internal,
  Code.Unknown,
]);
// Ends by the caller, or by a deadline that may be the caller's.
const UNFINISHED: ReadonlySet<number> = new Set([Code.Canceled, Code.DeadlineExceeded]);

/**
 * The time that a call may take, in milliseconds: a share of the time after which nobody wants the answer, and never less
 * than the contract promises. The promise alone would be too strict a measure: a late answer is better than none, and
 * calls that come together, or wait for a store, are late without any overload. How long other services wait counts as
 * well as the contract; how long somebody outside says to wait does not, so that nobody can make the service look slow.
 */
function acceptableMsOf({ policy, caller, callerTimeoutMs }: Call, busy: boolean): number {
  const contractMs = timeoutMsOf(policy) ?? ACCEPTABLE_MAX_MS;
  const latestMs = caller === EDGE ? contractMs : Math.min(contractMs, callerTimeoutMs ?? contractMs);
  const ms = Math.max(policy.objective?.latencyMs ?? 0, latestMs * LATE_SHARE[busy ? "busy" : "waiting"]);
  return Math.min(ACCEPTABLE_MAX_MS, Math.max(ACCEPTABLE_MIN_MS, ms));
}

/** What the end of a call tells of how busy the service is; undefined for nothing. */
export function sampleOf(call: Call, code: number, tookMs: number, busy: boolean): Sample | undefined {
  if (TELL_NOTHING.has(code)) return undefined;
  const acceptableMs = acceptableMsOf(call, busy);
  // Nobody knows how long an unfinished call would have taken, but for those that were late already.
  if (UNFINISHED.has(code) && tookMs <= acceptableMs) return undefined;
  return { tookMs, acceptableMs, finished: !UNFINISHED.has(code), busy };
}
