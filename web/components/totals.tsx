import { formatMoney } from "../lib/money.ts";
import type { Totals } from "../lib/shipping.ts";
import "./totals.css";

type TotalsProps = Pick<Totals, "subtotal" | "shipping" | "total">;

/** What an order costs, line by line. */
export function TotalsTable({ subtotal, shipping, total }: TotalsProps) {
  return (
    <dl className="totals tabular">
      <dt>Subtotal</dt>
      <dd>{formatMoney(subtotal)}</dd>
      <dt>Shipping</dt>
      <dd>{shipping.minorUnits === 0n ? "Free" : formatMoney(shipping)}</dd>
      <dt className="totals-sum">
        Total <small className="soft">tax included</small>
      </dt>
      <dd className="totals-sum">{formatMoney(total)}</dd>
    </dl>
  );
}
