import type { TokenVerifier } from "../identity/access-token.ts";
import { OUTSIDE, type WorkloadIdentity } from "../identity/workload.ts";
import type { Metrics } from "../metrics.ts";
import { limitCalls } from "../overload/limit-calls.ts";
import { accessLog } from "./access-log.ts";
import { authenticateUser, authenticateWorkload } from "./authenticate.ts";
import { authorizeCaller, authorizeUser } from "./authorize.ts";
import { deadline } from "./deadline.ts";
import { countCalls } from "./metrics.ts";
import type { Steps } from "./pipeline.ts";
import { rateLimit } from "./rate-limit.ts";
import { validate } from "./validate.ts";

/** All steps in their order: those that watch a call first, then refusals from the cheapest to the dearest. */
export function standardSteps(deps: { metrics: Metrics; identity: WorkloadIdentity; tokens: TokenVerifier }): Steps {
  const overload = limitCalls(deps);
  const admission = [
    accessLog(),
    countCalls(deps.metrics.calls),
    authenticateWorkload(deps.identity),
    authorizeCaller(),
    overload.admission,
    deadline(),
    authenticateUser(deps.tokens),
    // After the user is known, so that people behind one address do not use up each other's allowance.
    rateLimit(OUTSIDE),
    authorizeUser(),
  ];
  return { admission, checks: [overload.check, validate()] };
}
