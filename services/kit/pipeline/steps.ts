import type { TokenVerifier } from "../identity/access-token.ts";
import type { Revocations } from "../identity/revocations.ts";
import { EDGE, type WorkloadIdentity } from "../identity/workload.ts";
import type { Metrics } from "../metrics.ts";
import { limitCalls } from "../overload/limit-calls.ts";
import { accessLog } from "./access-log.ts";
import { authenticateUser, authenticateWorkload } from "./authenticate.ts";
import { authorizeCaller, authorizeUser } from "./authorize.ts";
import { deadline } from "./deadline.ts";
import { countCalls } from "./metrics.ts";
import type { Step, Steps } from "./pipeline.ts";
import { rateLimit, type SharedAllowances } from "./rate-limit.ts";
import { refuseRevoked } from "./revoked.ts";
import { validate } from "./validate.ts";

/** What the steps need. */
export interface StepDeps {
  readonly metrics: Metrics;
  readonly identity: WorkloadIdentity;
  readonly tokens: TokenVerifier;
  /** Sessions whose tokens are refused; undefined: none. */
  readonly revocations?: Revocations;
  /** Allowances that replicas share; undefined: each counts for itself. */
  readonly allowances?: SharedAllowances | undefined;
  /** Whether calls are held to who may make them; only `false` says no. */
  readonly contractCheck?: boolean;
}

/** A step that finds out what it can and refuses nothing. */
function withoutRefusal(step: Step): Step {
  return async (call) => {
    try {
      await step(call);
    } catch (error) {
      call.log.debug({ err: error }, "not refused, since CONTRACT_CHECK is off");
    }
  };
}

/** All steps in their order: those that watch a call first, then refusals from the cheapest to the dearest. */
export function standardSteps(deps: StepDeps): Steps {
  const check = (step: Step) => (deps.contractCheck === false ? withoutRefusal(step) : step);
  const overload = limitCalls(deps);
  const admission = [
    accessLog(),
    countCalls(deps.metrics.calls),
    check(authenticateWorkload(deps.identity)),
    check(authorizeCaller()),
    overload.admission,
    deadline(),
    check(authenticateUser(deps.tokens)),
    ...(deps.revocations === undefined ? [] : [check(refuseRevoked(deps.revocations))]),
    // After the user is known, so that people behind one address do not use up each other's allowance.
    rateLimit(EDGE, { shared: deps.allowances }),
    check(authorizeUser()),
  ];
  return { admission, checks: [overload.check, validate()] };
}
