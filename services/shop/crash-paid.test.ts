import { it } from "vitest";
import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { killAtEveryMoment } from "./testing/crash.ts";

it("ends paid, once, wherever the process is killed", { timeout: 280_000 }, () =>
  killAtEveryMoment({
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
  }),
);
