import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { OrderSchema, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { shippingFor } from "./money.ts";
import { isAllowed, moved } from "./transitions.ts";

it("moves orders forward only, and to cancelled only before they are shipped", () => {
  const { PENDING, PROCESSING, SHIPPED, DELIVERED, CANCELLED } = OrderStatus;
  const all = [PENDING, PROCESSING, SHIPPED, DELIVERED, CANCELLED];
  const allowed = all.flatMap((from) =>
    all.filter((to) => isAllowed(from, to)).map((to) => `${OrderStatus[from]} → ${OrderStatus[to]}`),
  );
  expect(allowed).toEqual([
    "PENDING → PROCESSING",
    "PENDING → CANCELLED",
    "PROCESSING → SHIPPED",
    "PROCESSING → CANCELLED",
    "SHIPPED → DELIVERED",
  ]);
});

it("keeps what happened, oldest first", () => {
  const order = moved(moved(create(OrderSchema), OrderStatus.PROCESSING, "paid"), OrderStatus.SHIPPED, "sent");
  expect(order.history.map((it) => [it.status, it.note])).toEqual([
    [OrderStatus.PROCESSING, "paid"],
    [OrderStatus.SHIPPED, "sent"],
  ]);
});

it.each([
  [0, 490],
  [4_999, 490],
  [5_000, 0],
])("charges for sending goods of %i cents %i cents", (subtotal, shipping) => {
  expect(shippingFor(subtotal)).toBe(shipping);
});
