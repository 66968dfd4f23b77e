import { Link } from "@tanstack/react-router";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import { formatMoney } from "../lib/money.ts";
import { Picture } from "./picture.tsx";
import "./hero.css";

const SIZES = ["(width >= 60rem) 26rem, 60vw", "(width >= 60rem) 13rem, 30vw", "(width >= 60rem) 13rem, 30vw"];

/** What somebody sees first: what the shop is, and three things that others buy. */
export function Hero({ products }: { readonly products: readonly Product[] | undefined }) {
  return (
    <section className="hero">
      <div className="hero-inner">
        <div className="hero-words">
          <h1>Everyday things worth keeping.</h1>
          <p>Picked with care, sent quickly, and followed live from our shelf to your door.</p>
          <div className="hero-actions">
            <Link to="/products" className="button hero-button">
              Shop everything
            </Link>
            <Link to="/products" search={{ order: "newest" }} className="hero-link">
              See what is new
            </Link>
          </div>
        </div>
        <ul className="hero-pictures">
          {SIZES.map((sizes, index) => (
            <li key={index === 0 ? "main" : `side-${index}`}>
              <HeroProduct product={products?.[index]} sizes={sizes} isMain={index === 0} />
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

interface HeroProductProps {
  readonly product: Product | undefined;
  readonly sizes: string;
  readonly isMain: boolean;
}

function HeroProduct({ product, sizes, isMain }: HeroProductProps) {
  if (product === undefined) return <span className="picture hero-empty" />;
  return (
    <Link to="/products/$productId" params={{ productId: product.productId }} aria-label={product.name}>
      <Picture picture={product.pictures[0]} sizes={sizes} priority={isMain ? "main" : "first"} decorative />
      {isMain && (
        <span className="hero-tag">
          <strong>{product.name}</strong>
          <span className="tabular">{formatMoney(product.price)}</span>
        </span>
      )}
    </Link>
  );
}
