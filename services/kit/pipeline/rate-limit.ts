import { durationMs } from "@bufbuild/protobuf/wkt";
import { LRUCache } from "lru-cache";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Call } from "../call.ts";
import { callFailure } from "../failure.ts";
import { networkOf } from "../identity/forwarded.ts";
import { methodName } from "../policy.ts";
import type { Step } from "./pipeline.ts";

const CLIENTS_MAX = 50_000;

/**
 * Whose allowance a call uses: the user's where one is known, else that of the address (of IPv6 the network) it came from.
 * A guest is nobody for calls that are open to all, or a client could take a new name with each of them.
 */
function clientOf({ user, policy, clientAddress }: Call): string {
  const namesItself = user !== undefined && (policy.user !== User.ANY || user.level > User.GUEST);
  return namesItself ? user.userId : networkOf(clientAddress);
}

/**
 * A token bucket for each client and method, as the contract says; calls from inside the mesh are not limited.
 * @param nowMs a clock, for tests
 */
export function rateLimit(outside: string, nowMs: () => number = () => performance.now()): Step {
  // A bucket holds calls times the period's milliseconds, so that refilling it loses nothing to rounding.
  const buckets = new LRUCache<string, { credit: number; atMs: number }>({ max: CLIENTS_MAX });
  return (call) => {
    const limit = call.policy.rateLimit;
    if (limit?.period === undefined || call.caller !== outside) return;
    const key = `${methodName(call.method)} ${clientOf(call)}`;
    const cost = durationMs(limit.period);
    const full = limit.requests * cost;
    const now = nowMs();
    const bucket = buckets.get(key) ?? { credit: full, atMs: now };
    const credit = Math.min(full, bucket.credit + (now - bucket.atMs) * limit.requests);
    const enough = credit >= cost;
    buckets.set(key, { credit: enough ? credit - cost : credit, atMs: now });
    if (enough) return;
    throw callFailure(ErrorReason.RATE_LIMITED, "Too many calls; wait a moment.", {
      retryAfterMs: Math.ceil((cost - credit) / limit.requests),
    });
  };
}
