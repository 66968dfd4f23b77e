import { Link } from "@tanstack/react-router";
import { formatMoney, moneyOf } from "../lib/money.ts";
import { FREE_SHIPPING_MINOR_UNITS } from "../lib/shipping.ts";
import { useCategories } from "./category-nav.tsx";
import { Logo } from "./logo.tsx";
import "./site-footer.css";

/** Where everything is, at the end of every page. */
export function SiteFooter() {
  const { data } = useCategories();
  return (
    <footer className="site-footer">
      <div className="site-footer-columns">
        <div className="site-footer-about">
          <Logo />
          <p className="soft small">
            Everyday things worth keeping. Shipping is free from{" "}
            {formatMoney(moneyOf("EUR", FREE_SHIPPING_MINOR_UNITS))}, and every order can be followed live to your door.
          </p>
        </div>
        <nav aria-label="Shop">
          <h2>Shop</h2>
          <ul>
            {data?.categories.map(({ categoryId, name }) => (
              <li key={categoryId}>
                <Link to="/products" search={{ category: categoryId }}>
                  {name}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <nav aria-label="Your account">
          <h2>Your account</h2>
          <ul>
            <li>
              <Link to="/profile">Profile</Link>
            </li>
            <li>
              <Link to="/orders">Orders</Link>
            </li>
            <li>
              <Link to="/cart">Cart</Link>
            </li>
          </ul>
        </nav>
        <nav aria-label="Behind the shop">
          <h2>Behind the shop</h2>
          <ul>
            <li>
              <Link to="/status">How the services are doing</Link>
            </li>
          </ul>
        </nav>
      </div>
    </footer>
  );
}
