import { durationMs } from "@bufbuild/protobuf/wkt";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Call } from "../call.ts";
import { callFailure } from "../failure.ts";
import { networkOf } from "../identity/forwarded.ts";
import { methodName } from "../policy.ts";
import type { Step } from "./pipeline.ts";
import { type Allowance, createBuckets } from "./token-bucket.ts";

/** Allowances that all replicas of a service share. */
export interface SharedAllowances {
  /**
   * Takes one call from an allowance, within a few tens of milliseconds. Answers the milliseconds to wait before another may
   * be made, 0 if this one may; undefined when nobody can say.
   */
  take(key: readonly string[], allowance: Allowance): Promise<number | undefined>;
}

/**
 * Whose allowance a call uses, and whose streams are counted together: the user's where one is known, else that of the address (of IPv6 the network) it came from.
 * A guest is nobody for calls that are open to all, or a client could take a new name with each of them.
 */
export function clientOf({ user, policy, clientAddress }: Call): string {
  const namesItself = user !== undefined && (policy.user !== User.ANY || user.level > User.GUEST);
  return namesItself ? user.userId : networkOf(clientAddress);
}

function limited(retryAfterMs: number): Error {
  return callFailure(ErrorReason.RATE_LIMITED, "Too many calls; wait a moment.", { retryAfterMs });
}

/**
 * A token bucket for each client and method, as the contract says; calls from inside the mesh are not limited. The replica's
 * own bucket is asked first: what it refuses, the one that replicas share would refuse too, since it sees more calls. While
 * that one cannot be asked, the replica's own word stands.
 * @param nowMs a clock, for tests
 */
export function rateLimit(
  outside: string,
  { shared, nowMs }: { readonly shared?: SharedAllowances | undefined; readonly nowMs?: () => number } = {},
): Step {
  const buckets = createBuckets(nowMs);
  return (call) => {
    const limit = call.policy.rateLimit;
    if (limit?.period === undefined || call.caller !== outside) return;
    const allowance = { requests: limit.requests, periodMs: durationMs(limit.period) };
    const name = [methodName(call.method), clientOf(call)];
    const key = name.join(" ");
    const waitMs = buckets.take(key, allowance);
    if (waitMs > 0) throw limited(waitMs);
    return shared?.take(name, allowance).then((sharedWaitMs = 0) => {
      if (sharedWaitMs === 0) return;
      // Not made, so not counted; or this replica would go on refusing when the others do not any more.
      buckets.giveBack(key, allowance);
      throw limited(sharedWaitMs);
    });
  };
}
