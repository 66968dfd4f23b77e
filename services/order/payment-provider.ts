import type { Card } from "#gen/shop/order/v1/order_pb.js";
import type { PaymentStatus } from "#gen/shop/order/v1/payment_pb.js";

/** A card as the provider keeps it for us. */
export interface PaymentMethod {
  /** The provider's name for it, good for charging and nothing else. */
  readonly token: string;
  readonly brand: string;
  readonly last4: string;
}

/** What the provider knows of an order's payment; amounts in minor units. */
export interface Charge {
  readonly status: PaymentStatus;
  readonly currency: string;
  readonly amount: number;
  readonly refunded: number;
  /** Why it was declined: "insufficient_funds"; else empty. */
  readonly declineCode: string;
}

/**
 * Whoever moves the money. Each call is idempotent, so that it can be made again when nobody knows whether it arrived. A
 * call that throws anything but a Failure says nothing about what happened and is made again.
 */
export interface PaymentProvider {
  /** Hands the card over. @throws Failure CARD_INVALID */
  createPaymentMethod(card: Card): Promise<PaymentMethod>;
  /** Holds the money for an order; a second time answers what the first did. A refusal is the status DECLINED. */
  authorize(order: { orderId: string; token: string; currency: string; amount: number }): Promise<Charge>;
  /** Takes the money that is held. A refusal is the status DECLINED. */
  capture(orderId: string): Promise<Charge>;
  /** Lets go what is held, sends back what was taken, and bars the order from ever being charged. */
  cancel(orderId: string): Promise<Charge | undefined>;
  /** Sends part of what was taken back, once for each refund id. @throws Failure REFUND_TOO_LARGE */
  refund(refund: { orderId: string; refundId: string; amount: number }): Promise<Charge>;
}
