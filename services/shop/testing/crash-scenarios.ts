import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import type { Scenario } from "./crash.ts";

/** A checkout that goes well. */
export const PAID: Scenario = {
  card: "4242424242424242",
  expected: OrderStatus.PROCESSING,
  during: ({ doomed, request, user }) => doomed.placeOrder(request, user),
  after: ({ orders, request, user }) => orders.placeOrder(request, user),
  writes: [
    "payments.createPaymentMethod",
    "store.create",
    "products.reserveStock",
    "payments.authorize",
    "payments.capture",
    "store.save",
    "products.confirmReservation",
    "carts.removePurchased",
  ],
};

/** A bank that authorises a payment and then does not make it. */
export const DECLINED_AT_LAST: Scenario = {
  card: "4000000000000341",
  expected: OrderStatus.CANCELLED,
  during: ({ doomed, request, user }) => doomed.placeOrder(request, user),
  after: ({ orders, request, user }) => orders.placeOrder(request, user),
  writes: ["store.create", "payments.capture", "store.save", "payments.cancel", "products.releaseReservation"],
};

/** A buyer who cancels what is paid. */
export const CANCELLED: Scenario = {
  card: "4242424242424242",
  expected: OrderStatus.CANCELLED,
  before: async ({ orders, request, user }) => void (await orders.placeOrder(request, user)),
  during: async ({ doomed, user }) => {
    const { orders } = await doomed.listOrders({}, user);
    await doomed.cancelOrder({ orderId: orders[0]?.orderId ?? "" }, user);
  },
  after: async ({ orders: service, user }) => {
    const { orders } = await service.listOrders({}, user);
    await service.cancelOrder({ orderId: orders[0]?.orderId ?? "" }, user);
  },
  writes: ["store.save", "payments.cancel", "products.releaseReservation"],
};
