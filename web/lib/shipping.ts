import type { Money } from "#gen/shop/type/v1/money_pb.js";
import { moneyOf } from "./money.ts";

/*
 * What the order service charges for shipping, shown before an order exists. It is only a forecast: PlaceOrder gets the
 * total that was shown and refuses with PRICE_CHANGED if it would charge another one.
 */

/** From this subtotal on, in minor units, shipping is free. */
export const FREE_SHIPPING_MINOR_UNITS = 5000n;
/** What shipping costs below that, in minor units. */
export const SHIPPING_MINOR_UNITS = 490n;

/** What an order costs, as far as it can be known before it is placed. */
export interface Totals {
  readonly subtotal: Money;
  readonly shipping: Money;
  readonly total: Money;
  /** What is missing for free shipping; undefined when it is free. */
  readonly missingForFree: Money | undefined;
}

/** The totals for a subtotal. */
export function totalsFor(subtotal: Money): Totals {
  const { currencyCode, minorUnits } = subtotal;
  const free = minorUnits >= FREE_SHIPPING_MINOR_UNITS;
  const shipping = free || minorUnits === 0n ? 0n : SHIPPING_MINOR_UNITS;
  return {
    subtotal,
    shipping: moneyOf(currencyCode, shipping),
    total: moneyOf(currencyCode, minorUnits + shipping),
    missingForFree: free ? undefined : moneyOf(currencyCode, FREE_SHIPPING_MINOR_UNITS - minorUnits),
  };
}
