import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Availability, CartSchema } from "#gen/shop/cart/v1/cart_pb.js";
import { ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import { viewOf } from "./view.ts";

const EXPIRE_TIME = new Date("2030-01-01T00:00:00Z");

function view(lines: Record<string, number>, stock: Record<string, number> | undefined) {
  const products =
    stock &&
    Object.entries(stock).map(
      ([productId, pieces]) =>
        [
          productId,
          create(ProductSchema, {
            productId,
            name: productId,
            stock: pieces,
            price: { currencyCode: "EUR", minorUnits: 250n },
          }),
        ] as const,
    );
  const stored = Object.entries(lines).map(([productId, quantity]) => ({ productId, quantity }));
  return create(CartSchema, viewOf({ lines: stored, expireTime: EXPIRE_TIME }, products && new Map(products)));
}

test.each([
  { wanted: 2, stock: 5, availability: Availability.IN_STOCK, subtotal: 500n },
  { wanted: 5, stock: 5, availability: Availability.IN_STOCK, subtotal: 1250n },
  { wanted: 6, stock: 5, availability: Availability.NOT_ENOUGH, subtotal: undefined },
  { wanted: 1, stock: 0, availability: Availability.SOLD_OUT, subtotal: undefined },
])("$wanted wanted of $stock", ({ wanted, stock, availability, subtotal }) => {
  const cart = view({ pan: wanted }, { pan: stock });
  expect(cart.items).toMatchObject([
    { quantity: wanted, stock, availability, lineTotal: { minorUnits: BigInt(wanted * 250) } },
  ]);
  expect(cart.subtotal?.minorUnits).toBe(subtotal);
});

test("the subtotal counts what can be bought, the number of pieces counts all", () => {
  const cart = view({ pan: 2, cup: 1, gone: 4 }, { pan: 9, cup: 0 });
  expect(cart).toMatchObject({ itemCount: 7, subtotal: { currencyCode: "EUR", minorUnits: 500n } });
  expect(cart.items[2]).toMatchObject({ productId: "gone", quantity: 4, availability: Availability.GONE, name: "" });
});

test("without a catalogue there are quantities alone", () => {
  const cart = view({ pan: 2 }, undefined);
  expect(cart).toMatchObject({
    itemCount: 2,
    items: [{ productId: "pan", quantity: 2, availability: Availability.UNSPECIFIED }],
  });
  expect([cart.subtotal, cart.items[0]?.unitPrice]).toEqual([undefined, undefined]);
});
