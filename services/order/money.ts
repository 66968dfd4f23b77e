import { create } from "@bufbuild/protobuf";
import { type Money, MoneySchema } from "#gen/shop/type/v1/money_pb.js";

/** An amount in minor units. */
export function money(currencyCode: string, minorUnits: number | bigint): Money {
  return create(MoneySchema, { currencyCode, minorUnits: BigInt(minorUnits) });
}

/** Minor units of an amount; 0 of none. */
export function minorUnits(amount: Money | undefined): number {
  return Number(amount?.minorUnits ?? 0n);
}

const SHIPPING_MINOR_UNITS = 490;
const FREE_SHIPPING_FROM_MINOR_UNITS = 5_000;

/** What sending a parcel costs, from what is in it; both in minor units. */
export function shippingFor(subtotal: number): number {
  return subtotal >= FREE_SHIPPING_FROM_MINOR_UNITS ? 0 : SHIPPING_MINOR_UNITS;
}
