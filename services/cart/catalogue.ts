import type { Client } from "@connectrpc/connect";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import type { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { currentCall } from "#kit/call.ts";

/** Products by id; those the shop does not sell are missing. */
export type Products = ReadonlyMap<string, Product>;

/** What the cart asks the catalogue. */
export interface Catalogue {
  /** One product as it is now; undefined if there is none. Fails when the catalogue is away. */
  find(productId: string): Promise<Product | undefined>;
  /** Several products as they are now; undefined when the catalogue is away, since a cart can be shown without it. */
  look(productIds: readonly string[]): Promise<Products | undefined>;
}

/** Milliseconds to wait for names and prices: short enough to answer the cart without them in time. */
const LOOK_TIMEOUT_MS = 1_000;

/** The catalogue behind the product service. */
export function createCatalogue(products: Client<typeof ProductService>): Catalogue {
  const fetch = async (productIds: readonly string[], timeoutMs?: number): Promise<Products> => {
    if (productIds.length === 0) return new Map();
    const answer = await products.batchGetProducts(
      { productIds: [...productIds] },
      timeoutMs === undefined ? {} : { timeoutMs },
    );
    return new Map(answer.products.map((it) => [it.productId, it]));
  };
  return {
    find: async (productId) => (await fetch([productId])).get(productId),
    look: (productIds) =>
      fetch(productIds, LOOK_TIMEOUT_MS).catch((error: unknown) => {
        currentCall()?.log.warn({ err: error }, "the cart is shown without the catalogue");
        return undefined;
      }),
  };
}
