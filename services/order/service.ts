import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { CancelReason, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import type { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { PaymentSchema } from "#gen/shop/order/v1/payment_pb.js";
import type { PaymentService } from "#gen/shop/order/v1/payment_service_pb.js";
import { currentCall, currentUser } from "#kit/call.ts";
import { createChangeWaiter, type OrderChanges } from "./changes.ts";
import type { Checkout } from "./checkout.ts";
import type { Orders } from "./orders.ts";
import type { Refunds } from "./refunds.ts";
import type { OrderRecord } from "./store.ts";
import { isFinal } from "./transitions.ts";

export interface OrderServiceDeps {
  readonly checkout: Checkout;
  readonly orders: Orders;
  readonly changes: OrderChanges;
}

// Left of the call's time for the answer itself.
const ANSWER_MARGIN_MS = 1_500;
const PATIENCE_MAX_MS = 60_000;

/** Ends shortly before the call does, so that there is time to say how far things are. */
function patience(): AbortSignal {
  const leftMs = (currentCall()?.deadlineMs ?? Number.POSITIVE_INFINITY) - performance.now() - ANSWER_MARGIN_MS;
  return AbortSignal.timeout(Math.max(0, Math.floor(Math.min(leftMs, PATIENCE_MAX_MS))));
}

/** Orders over the wire. */
export function createOrderService({ checkout, orders, changes }: OrderServiceDeps): ServiceImpl<typeof OrderService> {
  /** The cancelled order once what was paid is on its way back, or as it stands when time is up. */
  const settled = async (record: OrderRecord) => (await checkout.settle(record, patience())).order;
  return {
    async placeOrder(request) {
      return { order: await checkout.place(request, currentUser(), patience()) };
    },
    async getOrder({ orderId }) {
      return { order: (await orders.get(orderId, currentUser())).order };
    },
    async listOrders(request) {
      return orders.list(request, currentUser());
    },
    async cancelOrder({ orderId }) {
      return { order: await settled(await orders.cancel(orderId, currentUser())) };
    },
    async *watchOrder({ orderId }, { signal }) {
      const user = currentUser();
      // Changes are told by the id as it is stored; in a request a UUID's letters may be large.
      const waiter = createChangeWaiter(changes, orderId.toLowerCase(), signal);
      try {
        for (let last = -1; !signal.aborted; ) {
          const record = await orders.get(orderId, user);
          if (record.version !== last) yield { order: record.order };
          last = record.version;
          if (isFinal(record)) return;
          await waiter.next();
        }
      } finally {
        waiter.stop();
      }
    },
    async updateOrderStatus({ orderId, status, note }) {
      const record = await orders.get(orderId, currentUser());
      const fallback = status === OrderStatus.CANCELLED ? "The shop cancelled the order." : "";
      const moved = await orders.move(record, status, note || fallback, CancelReason.REQUESTED_BY_SHOP);
      return { order: status === OrderStatus.CANCELLED ? await settled(moved) : moved.order };
    },
  };
}

/** Payments over the wire. */
export function createPaymentService({
  orders,
  refunds,
}: {
  orders: Orders;
  refunds: Refunds;
}): ServiceImpl<typeof PaymentService> {
  const paymentOf = ({ order }: OrderRecord) => order.payment ?? create(PaymentSchema, { orderId: order.orderId });
  return {
    async getPayment({ orderId }) {
      return { payment: paymentOf(await orders.get(orderId, currentUser())) };
    },
    async refundPayment({ orderId, requestId, amount }) {
      const record = await orders.get(orderId, currentUser());
      return { payment: paymentOf(await refunds.refund(record, requestId, amount)) };
    },
  };
}
