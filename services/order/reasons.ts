import { ErrorReason, ErrorReasonSchema } from "#gen/shop/order/v1/error_reason_pb.js";
import { type Order, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { type FailureDetails, failures } from "#kit/failure.ts";

export { ErrorReason, ErrorReasonSchema };

const failure = failures(ErrorReasonSchema);

/** A failure of the order contract. */
export function fail(reason: ErrorReason, message: string, details?: FailureDetails) {
  return failure(reason, message, details);
}

/** A failure: the order as it stands does not allow it. */
export function conflict(order: Order, message: string) {
  return failure(ErrorReason.STATUS_CONFLICT, message, {
    metadata: { order_id: order.orderId, status: OrderStatus[order.status] },
  });
}
