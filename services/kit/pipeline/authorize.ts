import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { callFailure } from "../failure.ts";
import { NOBODY } from "../identity/workload.ts";
import type { Step } from "./pipeline.ts";

const NEEDED: Readonly<Record<number, string>> = {
  [User.SIGNED_IN]: "This needs an account; sign in.",
  [User.ADMIN]: "This is for administrators.",
};

/** Lets a call through only if the contract names the calling workload. Stands before everything that costs. */
export function authorizeCaller(): Step {
  return (call) => {
    const { callers } = call.policy;
    if (callers.includes(call.caller) || callers.includes("*")) return;
    const who = call.caller === NOBODY ? "a caller that nobody vouches for" : `"${call.caller}"`;
    throw callFailure(ErrorReason.CALLER_NOT_ALLOWED, `The contract does not let ${who} make this call.`);
  };
}

/** Lets a call through only if the user is what the contract asks for. */
export function authorizeUser(): Step {
  return (call) => {
    const needed = call.policy.user;
    if (needed === User.ANY) return;
    if (call.user === undefined) throw callFailure(ErrorReason.TOKEN_MISSING, "This call needs a token.");
    // The levels of the scale are numbered upwards.
    if (needed === User.UNSPECIFIED || call.user.level < needed) {
      throw callFailure(ErrorReason.USER_NOT_ALLOWED, NEEDED[needed] ?? "This is not allowed.");
    }
  };
}
