import { create } from "@bufbuild/protobuf";
import { type Money, MoneySchema } from "#gen/shop/type/v1/money_pb.js";

/** The language of the pages, and with it of their numbers and dates. */
export const LOCALE = "en-IE";

const formats = new Map<string, Intl.NumberFormat>();

function formatFor(currencyCode: string): Intl.NumberFormat {
  let format = formats.get(currencyCode);
  if (format === undefined) {
    format = new Intl.NumberFormat(LOCALE, { style: "currency", currency: currencyCode });
    formats.set(currencyCode, format);
  }
  return format;
}

/** Digits after the decimal point: 2 for EUR, 0 for JPY. */
export function fractionDigits(currencyCode: string): number {
  return formatFor(currencyCode).resolvedOptions().maximumFractionDigits ?? 2;
}

/** An amount as people write it: "€1,234.50". Unset money is an empty string, so that a page can be shown without it. */
export function formatMoney(money: Money | undefined): string {
  if (money === undefined || money.currencyCode === "") return "";
  const digits = fractionDigits(money.currencyCode);
  // A decimal string keeps amounts exact that a double could not hold.
  const sign = money.minorUnits < 0n ? "-" : "";
  const units = (money.minorUnits < 0n ? -money.minorUnits : money.minorUnits).toString().padStart(digits + 1, "0");
  const whole = units.slice(0, units.length - digits);
  const fraction = units.slice(units.length - digits);
  const decimal = digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
  return formatFor(money.currencyCode).format(decimal as Intl.StringNumericLiteral);
}

/** Money of a currency, in its minor units. */
export function moneyOf(currencyCode: string, minorUnits: bigint): Money {
  return create(MoneySchema, { currencyCode, minorUnits });
}

/** The price of several pieces. */
export function times(money: Money | undefined, quantity: number): Money | undefined {
  return money && moneyOf(money.currencyCode, money.minorUnits * BigInt(quantity));
}
