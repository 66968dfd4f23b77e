import { Check, House, type LucideIcon, PackageOpen, ReceiptText, Truck } from "lucide-react";
import type { Order } from "#gen/shop/order/v1/order_pb.js";
import { OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { formatMoment } from "../lib/dates.ts";
import { STATUS_WORDS, STEPS } from "../lib/order-words.ts";
import "./order-stepper.css";

const ICONS: Partial<Record<OrderStatus, LucideIcon>> = {
  [OrderStatus.PENDING]: ReceiptText,
  [OrderStatus.PROCESSING]: PackageOpen,
  [OrderStatus.SHIPPED]: Truck,
  [OrderStatus.DELIVERED]: House,
};

/** How far an order has come. */
export function OrderStepper({ order }: { readonly order: Order }) {
  const reached = STEPS.indexOf(order.status);
  return (
    <ol className="stepper" aria-label="Progress">
      {STEPS.map((step, index) => {
        const state =
          index < reached || order.status === OrderStatus.DELIVERED ? "done" : index === reached ? "now" : "next";
        const Icon = state === "done" ? Check : (ICONS[step] ?? Check);
        const time = order.history.find(({ status }) => status === step)?.time;
        return (
          <li key={step} data-state={state} aria-current={index === reached ? "step" : undefined}>
            <span className="stepper-mark">
              <Icon aria-hidden size={20} />
            </span>
            <strong>{STATUS_WORDS[step]}</strong>
            <span className="soft small tabular">{formatMoment(time)}</span>
          </li>
        );
      })}
    </ol>
  );
}
