import { policyOf, timeoutMsOf } from "#kit/policy.ts";
import { CALL } from "./child.ts";

/** The time that every measured call has: what its contract says, as our client sets it by itself. */
export const TIMEOUT_MS = timeoutMsOf(policyOf(CALL.method)) ?? Number.POSITIVE_INFINITY;
