import { CancelReason, type Order, OrderStatus } from "#gen/shop/order/v1/order_pb.js";
import { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";
import { declined } from "./sentences.ts";

/** The steps of an order that goes well. */
export const STEPS: readonly OrderStatus[] = [
  OrderStatus.PENDING,
  OrderStatus.PROCESSING,
  OrderStatus.SHIPPED,
  OrderStatus.DELIVERED,
];

/** Statuses in a word. */
export const STATUS_WORDS: Readonly<Record<OrderStatus, string>> = {
  [OrderStatus.UNSPECIFIED]: "Unknown",
  [OrderStatus.PENDING]: "Pending",
  [OrderStatus.PROCESSING]: "Processing",
  [OrderStatus.SHIPPED]: "Shipped",
  [OrderStatus.DELIVERED]: "Delivered",
  [OrderStatus.CANCELLED]: "Cancelled",
};

/** Statuses in a sentence. */
export const STATUS_SENTENCES: Readonly<Record<OrderStatus, string>> = {
  [OrderStatus.UNSPECIFIED]: "",
  [OrderStatus.PENDING]: "We are taking care of stock and payment.",
  [OrderStatus.PROCESSING]: "Paid. We are packing it.",
  [OrderStatus.SHIPPED]: "It is on its way to you.",
  [OrderStatus.DELIVERED]: "It has arrived. Enjoy!",
  [OrderStatus.CANCELLED]: "This order will not be delivered.",
};

/** Payments in a few words. */
export const PAYMENT_WORDS: Readonly<Record<PaymentStatus, string>> = {
  [PaymentStatus.UNSPECIFIED]: "",
  [PaymentStatus.PENDING]: "Not charged yet",
  [PaymentStatus.AUTHORIZED]: "Reserved",
  [PaymentStatus.CAPTURED]: "Paid",
  [PaymentStatus.VOIDED]: "Not charged",
  [PaymentStatus.REFUNDED]: "Refunded",
  [PaymentStatus.PARTIALLY_REFUNDED]: "Partly refunded",
  [PaymentStatus.DECLINED]: "Declined",
};

const BRANDS: Readonly<Record<string, string>> = {
  visa: "Visa",
  mastercard: "Mastercard",
  amex: "American Express",
  discover: "Discover",
  diners: "Diners Club",
  jcb: "JCB",
  unionpay: "UnionPay",
};

/** "Visa" for "visa"; a brand nobody knows as it is. */
export const brandName = (brand: string) => BRANDS[brand.toLowerCase()] ?? (brand || "Card");

/** Whether nothing more can happen to an order. */
export function isFinished({ status }: Order): boolean {
  return status === OrderStatus.DELIVERED || status === OrderStatus.CANCELLED;
}

/** Whether an order can still be cancelled. */
export function isCancellable({ status }: Order): boolean {
  return status === OrderStatus.PENDING || status === OrderStatus.PROCESSING;
}

/** Why an order was cancelled, for the buyer. */
export function cancelSentence({ cancelMessage, cancelReason, payment }: Order): string {
  if (cancelReason === CancelReason.PAYMENT_DECLINED) return declined(payment?.declineCode);
  if (cancelMessage) return cancelMessage;
  const words: Readonly<Record<CancelReason, string>> = {
    [CancelReason.UNSPECIFIED]: "",
    [CancelReason.OUT_OF_STOCK]: "Somebody else was faster, and there were not enough items left.",
    [CancelReason.PAYMENT_DECLINED]: "",
    [CancelReason.PAYMENT_FAILED]: "The payment provider could not be reached.",
    [CancelReason.PRICE_CHANGED]: "A price had changed.",
    [CancelReason.REQUESTED_BY_CUSTOMER]: "You cancelled it.",
    [CancelReason.REQUESTED_BY_SHOP]: "We had to cancel it. We are sorry.",
  };
  return words[cancelReason];
}

/** Why an order was cancelled, in two words, for a list. */
export const CANCEL_WORDS: Readonly<Record<CancelReason, string>> = {
  [CancelReason.UNSPECIFIED]: "",
  [CancelReason.OUT_OF_STOCK]: "Sold out",
  [CancelReason.PAYMENT_DECLINED]: "Payment declined",
  [CancelReason.PAYMENT_FAILED]: "Payment failed",
  [CancelReason.PRICE_CHANGED]: "Price changed",
  [CancelReason.REQUESTED_BY_CUSTOMER]: "You cancelled",
  [CancelReason.REQUESTED_BY_SHOP]: "Cancelled by the shop",
};

/** The end of an order's id, enough to tell one's orders apart. */
export const shortId = (orderId: string) => orderId.slice(-8).toUpperCase();
