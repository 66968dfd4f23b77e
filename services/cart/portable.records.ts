import type { Json } from "#kit/portable/canonical.ts";

// What cart keeps, as records that no engine has a say in. Times are ISO 8601 in UTC with milliseconds.

export interface PortableCart {
  readonly owner: string;
  readonly expireTime: string;
  /** The newest requests that added something, newest last. */
  readonly requestIds: readonly string[];
  /** Oldest first. */
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
}

/** An order whose pieces were taken out of a cart. */
export interface PortablePurchase {
  readonly orderId: string;
  /** The buyer, as the order has it. */
  readonly owner: string;
  readonly expireTime: string;
}

/** The collections, in the order to write them. */
export const COLLECTIONS = { carts: "cart.carts", purchases: "cart.purchases" } as const;

/** When a record of either kind is over. */
export function expireMs(value: Json): number {
  return Date.parse((value as unknown as PortablePurchase).expireTime);
}
