import { it } from "vitest";
import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { killAtEveryMoment } from "./testing/crash.ts";

it(
  "ends cancelled with nothing charged when the bank declines at last, wherever the process is killed",
  { timeout: 280_000 },
  () =>
    killAtEveryMoment({
      card: "4000000000000341",
      expected: OrderStatus.CANCELLED,
      during: ({ doomed, request, user }) => doomed.placeOrder(request, user),
      after: ({ orders, request, user }) => orders.placeOrder(request, user),
      writes: ["store.create", "payments.capture", "store.save", "payments.cancel", "products.releaseReservation"],
    }),
);

it(
  "ends cancelled with all money back when the buyer cancels, wherever the process is killed",
  { timeout: 280_000 },
  () =>
    killAtEveryMoment({
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
    }),
);
