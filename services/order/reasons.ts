import { ErrorReason, ErrorReasonSchema } from "#gen/shop/order/v1/error_reason_pb.js";
import { type FailureDetails, failures } from "#kit/failure.ts";

export { ErrorReason, ErrorReasonSchema };

const failure = failures(ErrorReasonSchema);

/** A failure of the order contract. */
export function fail(reason: ErrorReason, message: string, details?: FailureDetails) {
  return failure(reason, message, details);
}
