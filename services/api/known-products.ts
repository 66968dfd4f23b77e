import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import type { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { Failure } from "#kit/failure.ts";
import { type Kept, lastGood } from "./last-good.ts";

/** What products are asked for with. */
export interface KnownProductsDeps {
  readonly products: Pick<Client<typeof ProductService>, "getProduct">;
  /** Milliseconds for which a product is shown as it was, when it cannot be asked for. */
  readonly staleMs: number;
  /** Milliseconds after a failure in which nobody waits for another one. */
  readonly pauseMs: number;
}

/** Products that are remembered, those that were looked at last: some megabytes. */
const PRODUCTS_MAX = 500;
/** Milliseconds, so that there is time left to answer with what was remembered. */
const TIMEOUT_MS = 2_000;
const AWAY = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted]);

const isAway = (error: unknown) => AWAY.has(error instanceof Failure ? error.code : ConnectError.from(error).code);

/** Asks for a product; while the catalogue is away, it is as it was when somebody asked before. */
export function createKnownProducts({ products, staleMs, pauseMs }: KnownProductsDeps) {
  const asks = new Map<string, () => Promise<Kept<Product | undefined>>>();
  return (productId: string): Promise<Kept<Product | undefined>> => {
    const fetch = async () => (await products.getProduct({ productId }, { timeoutMs: TIMEOUT_MS })).product;
    const ask = asks.get(productId) ?? lastGood(fetch, { maxAgeMs: staleMs, pauseMs, standsIn: isAway });
    // What is asked for goes to the end; what nobody wanted for longest makes room.
    asks.delete(productId);
    asks.set(productId, ask);
    const [oldest] = asks.keys();
    if (asks.size > PRODUCTS_MAX && oldest !== undefined) asks.delete(oldest);
    return ask();
  };
}
