import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Availability, type CartItemSchema, type CartSchema } from "#gen/shop/cart/v1/cart_pb.js";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import type { Products } from "./catalogue.ts";
import type { Line, StoredCart } from "./store.ts";

type ItemInit = MessageInitShape<typeof CartItemSchema>;
type CartInit = MessageInitShape<typeof CartSchema>;

function availabilityOf(wanted: number, stock: number): Availability {
  if (stock === 0) return Availability.SOLD_OUT;
  return stock < wanted ? Availability.NOT_ENOUGH : Availability.IN_STOCK;
}

function pricedItem({ productId, quantity }: Line, product: Product) {
  const { name, price, stock, pictures } = product;
  return {
    productId,
    quantity,
    name,
    stock,
    availability: availabilityOf(quantity, stock),
    ...(price && {
      unitPrice: price,
      lineTotal: { currencyCode: price.currencyCode, minorUnits: price.minorUnits * BigInt(quantity) },
    }),
    ...(pictures[0] && { picture: pictures[0] }),
  } satisfies ItemInit;
}

function itemOf(line: Line, products: Products | undefined): ItemInit & { availability: Availability } {
  if (products === undefined) return { ...line, availability: Availability.UNSPECIFIED };
  const product = products.get(line.productId);
  return product === undefined ? { ...line, availability: Availability.GONE } : pricedItem(line, product);
}

/**
 * A cart as it is shown: what is stored, with what the catalogue says now; without a catalogue, quantities alone. The
 * subtotal is missing where no line has a price that counts.
 */
export function viewOf(cart: StoredCart, products: Products | undefined): CartInit {
  const items = cart.lines.map((line) => itemOf(line, products));
  const totals = items.flatMap((it) =>
    it.availability === Availability.IN_STOCK && it.lineTotal ? [it.lineTotal] : [],
  );
  const [first] = totals;
  return {
    items,
    itemCount: cart.lines.reduce((sum, it) => sum + it.quantity, 0),
    ...(first && {
      // The shop sells in one currency.
      subtotal: {
        currencyCode: first.currencyCode ?? "",
        minorUnits: totals.reduce((sum, it) => sum + (it.minorUnits ?? 0n), 0n),
      },
    }),
    ...(cart.expireTime && { expireTime: timestampFromDate(cart.expireTime) }),
  };
}
