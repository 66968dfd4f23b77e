import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { STATUS_WORDS } from "../lib/order-words.ts";
import "./status-badge.css";

const TONES: Partial<Record<OrderStatus, string>> = {
  [OrderStatus.PENDING]: "warn",
  [OrderStatus.DELIVERED]: "good",
};

/** Where an order stands, in a word. */
export function StatusBadge({ status }: { readonly status: OrderStatus }) {
  return (
    <span className="status-badge" data-tone={TONES[status]} data-testid="order-status">
      {STATUS_WORDS[status]}
    </span>
  );
}
