import { setTimeout } from "node:timers/promises";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { isFailure } from "#kit/failure.ts";
import type { TestMesh } from "#kit/testing/mesh.ts";

const OVERLOADED_PAUSE_MS = 200;

/** Somewhere a parcel can go. */
export const ADDRESS = {
  fullName: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postalCode: "SW1Y 4JH",
  countryCode: "GB",
};

/** A card as PlaceOrder takes it. */
export function card(number = "4242424242424242") {
  return {
    case: "card",
    value: { number, expiryMonth: 12, expiryYear: 2090, securityCode: "123", holderName: "Ada Lovelace" },
  } as const;
}

/** Puts a product on the shelves, in a category made for tests. */
export async function seedProduct(
  mesh: TestMesh,
  productId: string,
  stock: number,
  minorUnits = 1_250n,
): Promise<void> {
  const admin = mesh.as("admin");
  const products = mesh.client(ProductService);
  await products.createCategory({ category: { categoryId: "tests", name: "Tests" } }, admin).catch(() => {}); // there already
  const price = { currencyCode: "EUR", minorUnits };
  await products.createProduct(
    { product: { productId, name: `Product ${productId}`, categoryId: "tests", price, stock } },
    admin,
  );
}

/** Makes a call that may be made twice, again and again while the service has too much to do: a busy machine is no failure. */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isFailure(error, ErrorReasonSchema, ErrorReason.OVERLOADED)) throw error;
      await setTimeout(OVERLOADED_PAUSE_MS);
    }
  }
}

/** Fills a user's cart. */
export async function fillCart(
  mesh: TestMesh,
  user: ReturnType<TestMesh["as"]>,
  lines: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [productId, quantity] of Object.entries(lines))
    await patiently(() => mesh.client(CartService).addItem({ productId, quantity }, user));
}
