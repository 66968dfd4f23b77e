import { Link } from "@tanstack/react-router";
import { Availability, type CartItem } from "#gen/shop/cart/v1/cart_pb.js";
import { useSetQuantity } from "../lib/cart.ts";
import { limitWords, MAX_QUANTITY } from "../lib/cart-change.ts";
import { formatMoney } from "../lib/money.ts";
import { Picture } from "./picture.tsx";
import { Quantity } from "./quantity.tsx";
import "./cart-line.css";

/** One product in the cart. */
export function CartLine({ item }: { readonly item: CartItem }) {
  const setQuantity = useSetQuantity();
  const { productId, name, quantity, unitPrice, lineTotal, picture, availability, stock } = item;
  const isGone = availability === Availability.GONE || availability === Availability.SOLD_OUT;
  const max = availability === Availability.UNSPECIFIED ? MAX_QUANTITY : Math.min(stock, MAX_QUANTITY);
  return (
    <li className="cart-line" data-gone={isGone}>
      <Link to="/products/$productId" params={{ productId }} className="cart-line-picture" tabIndex={-1} aria-hidden>
        <Picture picture={picture} sizes="7rem" decorative />
      </Link>
      <div className="cart-line-name">
        <Link to="/products/$productId" params={{ productId }}>
          {name || productId}
        </Link>
        <p className="soft small tabular">{formatMoney(unitPrice)}</p>
        <AvailabilityNote item={item} />
      </div>
      <div className="cart-line-actions">
        {!isGone && (
          <Quantity
            value={quantity}
            max={max}
            limit={limitWords(max)}
            of={name || productId}
            onChange={(wanted) => setQuantity(productId, wanted)}
          />
        )}
        <button
          type="button"
          className="text-button small"
          aria-label={`Remove ${name || productId}`}
          onClick={() => setQuantity(productId, 0)}
        >
          Remove
        </button>
      </div>
      <p className="cart-line-total tabular">{isGone ? "" : formatMoney(lineTotal)}</p>
    </li>
  );
}

function AvailabilityNote({ item: { availability, stock } }: { readonly item: CartItem }) {
  const note = {
    [Availability.UNSPECIFIED]: undefined,
    [Availability.IN_STOCK]: undefined,
    [Availability.NOT_ENOUGH]: `Only ${stock} left. Please take fewer.`,
    [Availability.SOLD_OUT]: "Sold out meanwhile. Please remove it.",
    [Availability.GONE]: "We do not sell this any more. Please remove it.",
  }[availability];
  return note ? <p className="cart-line-note">{note}</p> : null;
}
