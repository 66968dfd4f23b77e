import { Check, PackageX, Truck } from "lucide-react";
import { useState } from "react";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import { useAddToCart, useCart } from "../lib/cart.ts";
import { limitWords, MAX_QUANTITY } from "../lib/cart-change.ts";
import { formatMoney, moneyOf } from "../lib/money.ts";
import { FREE_SHIPPING_MINOR_UNITS, SHIPPING_MINOR_UNITS } from "../lib/shipping.ts";
import { Quantity } from "./quantity.tsx";
import "./buy-box.css";

/** Fewer pieces than this are worth saying. */
const FEW = 10;

/** Stock, quantity, and the button. */
export function BuyBox({ product }: { readonly product: Product }) {
  const [quantity, setQuantity] = useState(1);
  const add = useAddToCart();
  const { cart } = useCart();
  const inCart = cart?.items.find(({ productId }) => productId === product.productId)?.quantity ?? 0;
  const left = Math.max(0, Math.min(product.stock, MAX_QUANTITY) - inCart);
  const wanted = Math.min(quantity, Math.max(left, 1));
  const limit = inCart > 0 ? `With ${inCart} in your cart you can add ${left} more` : limitWords(product.stock);
  return (
    <div className="buy-box">
      <StockNote stock={product.stock} />
      <div className="buy-box-row">
        <Quantity value={wanted} max={left} limit={limit} of={product.name} onChange={setQuantity} />
        <button type="button" className="button" disabled={left === 0} onClick={() => add(product, wanted)}>
          Add to cart
        </button>
      </div>
      <p className="buy-box-note small soft">
        {inCart > 0 ? (
          <>
            <Check aria-hidden size={17} /> {inCart} in your cart
            {left === 0 && product.stock > 0 && ", which is all we can give"}
          </>
        ) : (
          <>
            <Truck aria-hidden size={17} /> {shippingNote(product)}
          </>
        )}
      </p>
    </div>
  );
}

function StockNote({ stock }: { readonly stock: number }) {
  if (stock === 0) {
    return (
      <p className="stock" data-tone="none" role="status">
        <PackageX aria-hidden size={17} /> Sold out for now
      </p>
    );
  }
  return (
    <p className="stock" data-tone={stock <= FEW ? "few" : "good"} role="status">
      <span className="stock-dot" /> {stock <= FEW ? `Only ${stock} left` : "In stock"}
    </p>
  );
}

function shippingNote({ price }: Product): string {
  if (price && price.minorUnits >= FREE_SHIPPING_MINOR_UNITS) return "Ships free";
  const currency = price?.currencyCode || "EUR";
  return `Shipping ${formatMoney(moneyOf(currency, SHIPPING_MINOR_UNITS))}, free from ${formatMoney(moneyOf(currency, FREE_SHIPPING_MINOR_UNITS))}`;
}
