import { create } from "@bufbuild/protobuf";
import { Availability, type Cart, type CartItem, CartItemSchema, CartSchema } from "#gen/shop/cart/v1/cart_pb.js";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import { moneyOf, times } from "./money.ts";

/** Pieces of one product that a cart takes. */
export const MAX_QUANTITY = 99;

/** Why no more of a product can be had than a cart takes and a stock holds. */
export function limitWords(stock: number): string {
  return stock < MAX_QUANTITY ? `Only ${stock} left` : `${MAX_QUANTITY} is the most for one order`;
}

/** The cart as it will be once pieces were added. */
export function withAdded(cart: Cart | undefined, product: Product, quantity: number): Cart {
  const items = cart?.items ?? [];
  const present = items.find(({ productId }) => productId === product.productId);
  if (present) return withQuantity(cart, product.productId, present.quantity + quantity);
  const added = create(CartItemSchema, {
    productId: product.productId,
    quantity: Math.min(quantity, MAX_QUANTITY),
    name: product.name,
    stock: product.stock,
    ...(product.price && { unitPrice: product.price }),
    ...(product.pictures[0] && { picture: product.pictures[0] }),
  });
  return summed([...items, counted(added)]);
}

/** The cart as it will be once a product has that many pieces; 0 takes it out. */
export function withQuantity(cart: Cart | undefined, productId: string, quantity: number): Cart {
  const pieces = Math.min(quantity, MAX_QUANTITY);
  const items = (cart?.items ?? []).flatMap((item) => {
    if (item.productId !== productId) return [item];
    return pieces <= 0 ? [] : [counted({ ...item, quantity: pieces })];
  });
  return summed(items);
}

/** The cart as it is without pieces that were bought. */
export function withLess(cart: Cart, productId: string, quantity: number): Cart {
  const present = cart.items.find((item) => item.productId === productId)?.quantity ?? 0;
  return withQuantity(cart, productId, Math.max(0, present - quantity));
}

/** Whether the cart has lines of which only the number is known, since the catalogue is away: it cannot be bought like that. */
export function isUnpriced(cart: Cart | undefined): boolean {
  return cart?.items.some((it) => it.unitPrice === undefined && it.availability !== Availability.GONE) ?? false;
}

/** Whether a line stands in the way of buying the cart. */
export function isBlocked({ availability }: CartItem): boolean {
  return availability !== Availability.IN_STOCK && availability !== Availability.UNSPECIFIED;
}

function counted(item: CartItem): CartItem {
  const { GONE, SOLD_OUT, NOT_ENOUGH, IN_STOCK } = Availability;
  const availability =
    item.availability === GONE || item.unitPrice === undefined
      ? item.availability
      : item.stock === 0
        ? SOLD_OUT
        : item.stock < item.quantity
          ? NOT_ENOUGH
          : IN_STOCK;
  const lineTotal = times(item.unitPrice, item.quantity);
  return { ...item, availability, ...(lineTotal && { lineTotal }) };
}

function summed(items: CartItem[]): Cart {
  const sold = items.filter(({ availability }) => ![Availability.SOLD_OUT, Availability.GONE].includes(availability));
  const currency = items.find(({ unitPrice }) => unitPrice)?.unitPrice?.currencyCode ?? "EUR";
  return create(CartSchema, {
    items,
    itemCount: items.reduce((sum, { quantity }) => sum + quantity, 0),
    subtotal: moneyOf(
      currency,
      sold.reduce((sum, { lineTotal }) => sum + (lineTotal?.minorUnits ?? 0n), 0n),
    ),
  });
}
