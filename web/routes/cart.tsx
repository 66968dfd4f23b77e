import { Link, useNavigate } from "@tanstack/react-router";
import { ShoppingBag } from "lucide-react";
import type { Cart } from "#gen/shop/cart/v1/cart_pb.js";
import { CartLine } from "../components/cart-line.tsx";
import { Notice } from "../components/notice.tsx";
import { Skeleton } from "../components/skeleton.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { TotalsTable } from "../components/totals.tsx";
import { useCart } from "../lib/cart.ts";
import { isBlocked, isUnpriced } from "../lib/cart-change.ts";
import { formatMoney, moneyOf } from "../lib/money.ts";
import { FREE_SHIPPING_MINOR_UNITS, totalsFor } from "../lib/shipping.ts";
import { useTitle } from "../lib/title.ts";
import "./cart.css";

/** What is about to be bought. */
export function View() {
  useTitle("Cart");
  const { cart, isLoading, error, refetch } = useCart();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Your cart</h1>
      </header>
      {isLoading ? (
        <Pending />
      ) : error && !cart ? (
        <Failure error={error} onRetry={() => void refetch()} title="Your cart did not load">
          <p className="soft">
            What you put in is kept. Meanwhile you can <Link to="/products">look around the shop</Link>.
          </p>
        </Failure>
      ) : cart && cart.items.length > 0 ? (
        <Filled cart={cart} />
      ) : (
        <Empty icon={ShoppingBag} title="There is nothing in it yet">
          <p className="soft">What you add stays here for seven days, with or without an account.</p>
          <Link to="/products" className="button">
            Look around the shop
          </Link>
        </Empty>
      )}
    </div>
  );
}

function Filled({ cart }: { readonly cart: Cart }) {
  const navigate = useNavigate();
  const blocked = cart.items.filter(isBlocked);
  const unpriced = isUnpriced(cart);
  const totals = totalsFor(cart.subtotal ?? moneyOf("EUR", 0n));
  return (
    <div className="with-summary">
      <ul className="cart-lines" aria-label="Products in your cart">
        {cart.items.map((item) => (
          <CartLine key={item.productId} item={item} />
        ))}
      </ul>
      <aside className="panel summary" aria-label="Summary">
        <h2>Summary</h2>
        {!unpriced && totals.missingForFree && totals.subtotal.minorUnits > 0n && (
          <p className="small cart-free">
            <progress value={Number(totals.subtotal.minorUnits)} max={Number(FREE_SHIPPING_MINOR_UNITS)} aria-hidden />
            {formatMoney(totals.missingForFree)} more, and shipping is free.
          </p>
        )}
        {unpriced ? (
          <Notice tone="warn">
            Names and prices are away for a moment. What you put in is kept; you can go on as soon as they are back.
          </Notice>
        ) : (
          <TotalsTable {...totals} />
        )}
        {blocked.length > 0 && (
          <Notice tone="warn">
            {blocked.map(({ name, productId }) => name || productId).join(", ")} cannot be bought like this. Change or
            remove
            {blocked.length === 1 ? " it" : " them"} to go on.
          </Notice>
        )}
        <button
          type="button"
          className="button"
          data-wide
          disabled={blocked.length > 0 || unpriced}
          onClick={() => void navigate({ to: "/checkout" })}
        >
          Checkout
        </button>
      </aside>
    </div>
  );
}

function Pending() {
  return (
    <div className="with-summary" aria-busy="true">
      <div className="cart-lines">
        {["first", "second"].map((line) => (
          <div key={line} className="cart-line">
            <div className="cart-line-picture">
              <Skeleton height="5.5rem" />
            </div>
            <div className="cart-line-name">
              <Skeleton width="60%" />
            </div>
          </div>
        ))}
      </div>
      <div className="panel summary">
        <Skeleton height="15rem" />
      </div>
    </div>
  );
}
