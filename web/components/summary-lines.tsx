import type { Money } from "#gen/shop/type/v1/money_pb.js";
import type { Picture as PictureMessage } from "#gen/shop/type/v1/picture_pb.js";
import { formatMoney } from "../lib/money.ts";
import { Picture } from "./picture.tsx";
import "./summary-lines.css";

/** A line of a cart or of an order. */
interface Line {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
  readonly lineTotal?: Money | undefined;
  readonly picture?: PictureMessage | undefined;
}

/** What is bought, in short. A line may carry a word on what stands in its way. */
export function SummaryLines({
  lines,
  notes = {},
}: {
  readonly lines: readonly Line[];
  readonly notes?: Record<string, string>;
}) {
  return (
    <ul className="summary-lines">
      {lines.map(({ productId, name, quantity, lineTotal, picture }) => (
        <li key={productId}>
          <span className="summary-lines-picture">
            <Picture picture={picture} sizes="4rem" decorative />
          </span>
          <span>
            <strong>{name || productId}</strong>
            <span className="soft small tabular">
              {quantity} {quantity === 1 ? "item" : "items"}
            </span>
            {notes[productId] && (
              <span className="summary-lines-note" role="alert">
                {notes[productId]}
              </span>
            )}
          </span>
          <span className="tabular">{formatMoney(lineTotal)}</span>
        </li>
      ))}
    </ul>
  );
}
