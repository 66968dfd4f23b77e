import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure, type Failure } from "../failure.ts";

const STEP_MS = 50;

/**
 * Failures OVERLOADED by the time to wait, in steps. Each is made once, since making one costs more than all else of a
 * refused call; there are as many as steps in the longest time to wait.
 */
export function createRefusals(): (retryAfterMs: number) => Failure {
  const made = new Map<number, Failure>();
  return (retryAfterMs) => {
    const steps = Math.ceil(retryAfterMs / STEP_MS);
    let failure = made.get(steps);
    if (failure === undefined) {
      failure = callFailure(
        ErrorReason.OVERLOADED,
        "There is more to do just now than the service can; try again soon.",
        {
          retryAfterMs: steps * STEP_MS,
        },
      );
      made.set(steps, failure);
    }
    return failure;
  };
}
