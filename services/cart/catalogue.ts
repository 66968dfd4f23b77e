import type { Client } from "@connectrpc/connect";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import type { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { currentCall } from "#kit/call.ts";

/** Products by id; those the shop does not sell are missing. */
export type Products = ReadonlyMap<string, Product>;

/** What the cart asks the catalogue. */
export interface Catalogue {
  /** Products as they are now. Fails when the catalogue is away. */
  find(productIds: readonly string[]): Promise<Products>;
  /**
   * Products as they are now, or as they were known a moment ago; undefined when the catalogue is away, since a cart can be
   * shown without it.
   */
  look(productIds: readonly string[], known?: Products): Promise<Products | undefined>;
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
    find: (productIds) => fetch(productIds),
    async look(productIds, known = new Map()) {
      const rest = productIds.filter((it) => !known.has(it));
      if (rest.length === 0) return known;
      try {
        return new Map([...known, ...(await fetch(rest, LOOK_TIMEOUT_MS))]);
      } catch (error) {
        currentCall()?.log.warn({ err: error }, "the cart is shown without the catalogue");
        return undefined;
      }
    },
  };
}
