import { ErrorReason as CallReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import type { Money } from "#gen/shop/type/v1/money_pb.js";
import { callFailure, isFailure } from "#kit/failure.ts";
import { minorUnits } from "./money.ts";
import type { PaymentProvider } from "./payment-provider.ts";
import { ErrorReason, ErrorReasonSchema, fail } from "./reasons.ts";
import type { OrderRecord, OrderStore, PendingRefund } from "./store.ts";
import { settled } from "./transitions.ts";

const CONFLICTS_MAX = 5;
const REFUNDABLE: readonly PaymentStatus[] = [PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED];

/** Sending money back: the intent is recorded first, so that a crash neither forgets nor repeats it. */
export function createRefunds({ store, payments }: { store: OrderStore; payments: PaymentProvider }) {
  async function carryOut(refund: PendingRefund): Promise<OrderRecord> {
    const { orderId, requestId: refundId, amount } = refund;
    const charge = await payments.refund({ orderId, refundId, amount }).catch(async (error: unknown) => {
      // Another refund or a cancellation was faster: what is gone will not come back, so nobody need try again.
      if (isFailure(error, ErrorReasonSchema, ErrorReason.REFUND_TOO_LARGE)) await store.dropRefund(refundId);
      throw error;
    });
    for (let tries = 0; tries < CONFLICTS_MAX; tries++) {
      const record = await store.byId(orderId);
      if (record === undefined) break;
      const change = settled(record, charge);
      const saved = await store.finishRefund(refund, change.record, change.events);
      if (saved !== undefined) return saved;
    }
    throw new Error(`The refund ${refundId} could not be recorded`);
  }

  return {
    carryOut,
    /** Refunds an amount; all that is left when it is undefined. */
    async refund(record: OrderRecord, requestId: string, amount: Money | undefined): Promise<OrderRecord> {
      const { orderId, payment } = record.order;
      const currency = payment?.amount?.currencyCode;
      if (amount !== undefined && currency !== undefined && amount.currencyCode !== currency) {
        const description = `must be ${currency}, in which was paid`;
        throw callFailure(CallReason.INVALID_INPUT, `amount.currency_code: ${description}`, {
          violations: [{ field: "amount.currency_code", description, reason: "currency" }],
        });
      }
      const left = REFUNDABLE.includes(payment?.status ?? PaymentStatus.UNSPECIFIED)
        ? minorUnits(payment?.amount) - minorUnits(payment?.refunded)
        : 0;
      const wanted = amount === undefined ? left : minorUnits(amount);
      const known = await store.refundById(requestId);
      if (known === undefined && (wanted > left || wanted === 0)) {
        throw fail(ErrorReason.REFUND_TOO_LARGE, "That is more than is left of the payment.", {
          metadata: { refundable: `${left}` },
        });
      }
      const refund = known ?? (await store.createRefund({ requestId, orderId, amount: wanted, done: false }));
      if (refund.orderId !== orderId || (amount !== undefined && refund.amount !== wanted)) {
        throw fail(ErrorReason.REQUEST_ID_REUSED, "This request id belongs to another refund.", {
          metadata: { order_id: refund.orderId },
        });
      }
      return refund.done ? ((await store.byId(orderId)) ?? record) : carryOut(refund);
    },
  };
}

export type Refunds = ReturnType<typeof createRefunds>;
