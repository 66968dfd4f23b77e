import { Link } from "@tanstack/react-router";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import { formatMoney } from "../lib/money.ts";
import { Picture } from "./picture.tsx";
import { Skeleton } from "./skeleton.tsx";
import "./product-card.css";

const SIZES = "(width >= 64rem) 18rem, (width >= 40rem) 30vw, 46vw";
/** Fewer pieces than this are worth a word. */
const FEW = 5;

/** A product among others. */
export function ProductCard({ product, first }: { readonly product: Product; readonly first: boolean }) {
  const { productId, name, price, stock, pictures } = product;
  return (
    <article className="product-card" data-sold-out={stock === 0}>
      <div className="product-card-picture">
        <Picture picture={pictures[0]} sizes={SIZES} decorative {...(first && { priority: "first" as const })} />
        {stock === 0 && <span className="product-card-flag">Sold out</span>}
        {stock > 0 && stock <= FEW && <span className="product-card-flag">Only {stock} left</span>}
      </div>
      <div className="product-card-words">
        <h3>
          <Link to="/products/$productId" params={{ productId }}>
            {name}
          </Link>
        </h3>
        <p className="product-card-price tabular">{formatMoney(price)}</p>
      </div>
    </article>
  );
}

interface ProductGridProps {
  readonly products: readonly Product[] | undefined;
  /** Blocks to show while there are no products yet. */
  readonly expected: number;
  /** How many are on the first screen. */
  readonly eager?: number;
}

/** Products side by side, or blocks in their size while they load. */
export function ProductGrid({ products, expected, eager = 0 }: ProductGridProps) {
  return (
    <div className="product-shelf">
      <ul className="product-grid" aria-busy={products === undefined}>
        {products?.map((product, index) => (
          <li key={product.productId}>
            <ProductCard product={product} first={index < eager} />
          </li>
        ))}
        {products === undefined &&
          Array.from({ length: expected }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the blocks are alike and never move
            <li key={index} className="product-card">
              <div className="product-card-picture">
                <Skeleton height="100%" />
              </div>
              <div className="product-card-words">
                <Skeleton width="75%" height="1.2em" />
                <Skeleton width="35%" height="1.2em" />
              </div>
            </li>
          ))}
      </ul>
    </div>
  );
}
