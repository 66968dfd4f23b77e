import { Link, Navigate, useNavigate } from "@tanstack/react-router";
import { Lock } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import type { User } from "#gen/shop/auth/v1/user_pb.js";
import type { Cart } from "#gen/shop/cart/v1/cart_pb.js";
import { AccountOnly } from "../components/account-only.tsx";
import { AddressFields, useAddressForm } from "../components/address-fields.tsx";
import { CardFields, useCardForm } from "../components/card-fields.tsx";
import { Notice } from "../components/notice.tsx";
import { PageSkeleton } from "../components/skeleton.tsx";
import { Failure } from "../components/states.tsx";
import { SummaryLines } from "../components/summary-lines.tsx";
import { TotalsTable } from "../components/totals.tsx";
import { useCart } from "../lib/cart.ts";
import { isBlocked, isUnpriced } from "../lib/cart-change.ts";
import { focusFirstError } from "../lib/contract-form.ts";
import { formatMoney, moneyOf } from "../lib/money.ts";
import { useSessionState } from "../lib/session-context.tsx";
import { totalsFor } from "../lib/shipping.ts";
import { useTitle } from "../lib/title.ts";
import { type Refusal, usePlaceOrder } from "../lib/use-place-order.ts";
import "./cart.css";
import "./checkout.css";

/** Where it goes, how it is paid, and what it costs. */
export function View() {
  useTitle("Checkout");
  return (
    <AccountOnly>
      <CheckoutPage />
    </AccountOnly>
  );
}

function CheckoutPage() {
  const { user } = useSessionState();
  const { cart, isLoading, error, refetch } = useCart();
  const hadItems = useRef(false);
  if (cart && cart.items.length > 0) hadItems.current = true;
  if (isLoading || !user) return <PageSkeleton />;
  if (!cart) {
    return (
      <div className="page">
        <Failure error={error} onRetry={() => void refetch()} title="Your cart did not load">
          <p className="soft">Nothing was ordered, and what you put in is kept.</p>
        </Failure>
      </div>
    );
  }
  // Once the order is placed the cart is empty, and this page is about to be left.
  if (cart.items.length === 0 && !hadItems.current) return <Navigate to="/cart" replace />;
  return <Checkout cart={cart} user={user} />;
}

function Checkout({ cart: current, user }: { readonly cart: Cart; readonly user: User }) {
  const navigate = useNavigate();
  // What was bought leaves the cart before this page is left; it stays in sight until then.
  const [bought, setBought] = useState<Cart>();
  const cart = bought ?? current;
  const element = useRef<HTMLFormElement>(null);
  const address = useAddressForm(user.displayName);
  const card = useCardForm();
  const totals = totalsFor(cart.subtotal ?? moneyOf("EUR", 0n));
  const { place, isPlacing, refusal } = usePlaceOrder({
    onPlaced(orderId) {
      setBought(current);
      void navigate({ to: "/orders/$orderId", params: { orderId }, replace: true });
    },
    onRefused(problem) {
      card.refuse(problem);
      address.refuse(problem);
    },
  });
  // Only now: what is disabled while the order is on its way takes no focus.
  useEffect(() => {
    if (refusal && !isPlacing) showRefusal(element.current);
  }, [refusal, isPlacing]);
  const isUnavailable = cart.items.length === 0 || cart.items.some(isBlocked);
  const unpriced = isUnpriced(cart);

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (isPlacing) return;
    const [shippingAddress, payment] = await Promise.all([address.validate(), card.validate()]);
    if (!shippingAddress || !payment) return focusFirstError(element.current);
    place({ cart, shippingAddress, card: payment, expectedTotal: totals.total });
  }

  return (
    <div className="page">
      <header className="page-head">
        <h1>Checkout</h1>
      </header>
      <form className="with-summary" ref={element} onSubmit={(event) => void onSubmit(event)} noValidate>
        <fieldset className="checkout-steps" disabled={isPlacing}>
          <section className="panel">
            <h2>Contact</h2>
            <p className="soft">News of this order belongs to your account, {user.email}.</p>
          </section>
          <section className="panel">
            <h2>Delivery</h2>
            <AddressFields form={address} />
          </section>
          <section className="panel">
            <h2>Payment</h2>
            {refusal?.about === "payment" && <Notice tone="bad">{refusal.sentence}</Notice>}
            <CardFields form={card} />
          </section>
        </fieldset>
        <aside className="panel summary" aria-label="Your order">
          <h2>Your order</h2>
          <SummaryLines lines={cart.items} notes={notesOf(cart, refusal)} />
          {unpriced ? (
            <Notice tone="warn">
              Prices are away for a moment. What you entered stays here; you can go on as soon as they are back.
            </Notice>
          ) : (
            <TotalsTable {...totals} />
          )}
          {refusal && refusal.about !== "payment" && <Notice tone="bad">{refusal.sentence}</Notice>}
          {isUnavailable && !refusal && (
            <Notice tone="warn">
              Something in your cart cannot be bought any more. Please look at your cart again.
            </Notice>
          )}
          {isUnavailable && <Link to="/cart">Change your cart</Link>}
          <button
            type="submit"
            className="button"
            data-wide
            disabled={isPlacing || bought !== undefined || isUnavailable || unpriced}
          >
            <Lock aria-hidden size={18} /> {isPlacing || bought ? "Placing your order…" : "Place order"}
          </button>
          {!unpriced && (
            <p className="soft small checkout-sum">
              You pay {formatMoney(totals.total)}, once, however often this is tried.
            </p>
          )}
        </aside>
      </form>
    </div>
  );
}

/** Brings the focus to what went wrong, a field or else the word on it: the button may be far from it. */
function showRefusal(form: HTMLElement | null): void {
  const wrong =
    form?.querySelector<HTMLElement>("[aria-invalid='true']") ??
    form?.querySelector<HTMLElement>(".notice[role='alert']");
  wrong?.focus({ preventScroll: true });
  wrong?.scrollIntoView({ block: "center", behavior: "smooth" });
}

/** What stands in the way of each line, beside it. */
function notesOf(cart: Cart, refusal: Refusal | undefined): Record<string, string> {
  const lines = cart.items.filter(isBlocked).map(({ productId, stock }) => [productId, leftNote(stock)] as const);
  const notes = Object.fromEntries(lines);
  if (refusal?.productId) notes[refusal.productId] = leftNote(refusal.available ?? 0);
  return notes;
}

const leftNote = (left: number) => (left === 0 ? "Sold out meanwhile." : `Only ${left} left.`);
