import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Availability, CartSchema } from "#gen/shop/cart/v1/cart_pb.js";
import { ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import { MAX_QUANTITY, withAdded, withQuantity } from "./cart-change.ts";

const product = (productId: string, stock = 200) =>
  create(ProductSchema, { productId, name: productId, stock, price: { currencyCode: "EUR", minorUnits: 250n } });

test("whatever is changed, the sums are those of the lines", () => {
  const change = fc.record({
    productId: fc.constantFrom("a", "b", "c"),
    quantity: fc.integer({ min: 0, max: 150 }),
    add: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      let cart = create(CartSchema);
      for (const { productId, quantity, add } of changes) {
        cart =
          add && quantity > 0 ? withAdded(cart, product(productId), quantity) : withQuantity(cart, productId, quantity);
      }
      const pieces = cart.items.reduce((sum, { quantity }) => sum + quantity, 0);
      expect(cart.itemCount).toBe(pieces);
      expect(cart.subtotal?.minorUnits ?? 0n).toBe(BigInt(pieces) * 250n);
      for (const { quantity } of cart.items) expect(quantity).toBeLessThanOrEqual(MAX_QUANTITY);
    }),
  );
});

test.each([
  [0, Availability.SOLD_OUT, 0n],
  [2, Availability.NOT_ENOUGH, 750n],
  [3, Availability.IN_STOCK, 750n],
])("three pieces of a stock of %s", (stock, availability, subtotal) => {
  const cart = withAdded(undefined, product("a", stock), 3);
  expect(cart.items[0]?.availability).toBe(availability);
  expect(cart.subtotal?.minorUnits).toBe(subtotal);
});
