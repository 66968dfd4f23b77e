import { Link } from "@tanstack/react-router";
import { ShoppingBag, UserRound } from "lucide-react";
import { useCart } from "../lib/cart.ts";
import { useSessionState } from "../lib/session-context.tsx";
import { CategoryNav } from "./category-nav.tsx";
import { Logo } from "./logo.tsx";
import { SearchBox } from "./search-box.tsx";
import { ThemeToggle } from "./theme-toggle.tsx";
import "./site-header.css";

/** Mark, search, account and cart, on every page. */
export function SiteHeader() {
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to content
      </a>
      <header className="site-header">
        <div className="site-header-row">
          <Link to="/" className="site-header-home" aria-label="Shopmesh, home">
            <Logo />
          </Link>
          <SearchBox />
          <div className="site-header-actions">
            <ThemeToggle />
            <AccountLink />
            <CartLink />
          </div>
        </div>
      </header>
      <CategoryNav />
    </>
  );
}

function AccountLink() {
  const { phase, user } = useSessionState();
  const signedIn = phase === "signed-in";
  return (
    <Link to={signedIn ? "/profile" : "/sign-in"} className="header-action">
      <UserRound aria-hidden size={21} />
      <span className="header-action-label">{signedIn ? firstName(user?.displayName) : "Sign in"}</span>
    </Link>
  );
}

function CartLink() {
  const { cart, error } = useCart();
  const count = cart?.itemCount ?? 0;
  const isUnknown = cart === undefined && error !== null;
  return (
    <Link
      to="/cart"
      className="header-action header-cart"
      aria-label={isUnknown ? "Cart, away for a moment" : `Cart, ${count} ${count === 1 ? "item" : "items"}`}
    >
      <ShoppingBag aria-hidden size={21} />
      <span className="cart-count" data-testid="cart-count" data-empty={count === 0}>
        {isUnknown ? "–" : count}
      </span>
    </Link>
  );
}

const firstName = (name: string | undefined) => name?.trim().split(/\s+/)[0] || "Account";
