import { Code } from "@connectrpc/connect";
import type { Call } from "../call.ts";
import { timeoutMsOf } from "../policy.ts";
import type { Sample } from "./concurrency-limit.ts";

// A call that mostly waits, for a store or another service, is late when it has used this share of its time.
const WAITING_SHARE = 0.5;
const ACCEPTABLE_MIN_MS = 1;
const ACCEPTABLE_MAX_MS = 60_000;
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
 * The time that a call may take, in milliseconds. Where the service itself has no rest, that is what the contract
 * promises. Where it only waits, being late is not its doing, and a late answer is better than none: so it is a share of
 * the time after which nobody wants the answer. The contract's, not the caller's: callers in a hurry must not be able to
 * make the service look slow.
 */
export function acceptableMsOf(call: Call, busy: boolean): number {
  const latestMs = (timeoutMsOf(call.policy) ?? ACCEPTABLE_MAX_MS) * WAITING_SHARE;
  const promisedMs = call.policy.objective?.latencyMs ?? 0;
  const ms = busy && promisedMs > 0 ? Math.min(promisedMs, latestMs) : latestMs;
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
