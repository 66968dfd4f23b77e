import type { Client, ServiceImpl } from "@connectrpc/connect";
import type { StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import type { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import { ProductOrder, type ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { currentCall } from "#kit/call.ts";
import { gather, PART_TIMEOUT_MS } from "./gather.ts";
import { createKnownProducts } from "./known-products.ts";
import { lastGood } from "./last-good.ts";
import { shared } from "./shared.ts";

/** The services that pages are put together from. */
export interface StorefrontDeps {
  readonly products: Client<typeof ProductService>;
  readonly carts: Client<typeof CartService>;
  /** Milliseconds for which what all visitors see alike is not asked for again. */
  readonly freshMs: number;
  /** Milliseconds for which it is shown as it was, when it cannot be asked for. */
  readonly staleMs: number;
}

const SHELF_SIZE = 8;
const RELATED_MAX = 6;
const PART = { timeoutMs: PART_TIMEOUT_MS };

/**
 * StorefrontService: asks for all parts of a page at once, and does without those that do not come in time; what is the
 * same for everybody is shown as it was then.
 */
export function createStorefrontService(deps: StorefrontDeps): ServiceImpl<typeof StorefrontService> {
  const { products, carts, freshMs, staleMs } = deps;
  // The old answer stands in for each who asks, the new one is asked for once for all.
  const forAll = <T>(ask: () => Promise<T>) => lastGood(shared(ask, freshMs), { maxAgeMs: staleMs, pauseMs: freshMs });
  const categories = forAll(async () => (await products.listCategories({}, PART)).categories);
  const shelf = (orderBy: ProductOrder) =>
    forAll(
      async () => (await products.listProducts({ pageSize: SHELF_SIZE, orderBy, inStockOnly: true }, PART)).products,
    );
  const known = createKnownProducts({ products, staleMs, pauseMs: freshMs });
  const popular = shelf(ProductOrder.POPULAR);
  const newest = shelf(ProductOrder.NEWEST);

  const relatedTo = async ({ productId, categoryId }: Product) => {
    // One more than shown, since the product itself is among them.
    const page = await products.listProducts(
      { pageSize: RELATED_MAX + 1, categoryId, orderBy: ProductOrder.POPULAR },
      PART,
    );
    return page.products.filter((it) => it.productId !== productId).slice(0, RELATED_MAX);
  };

  const quantityInCart = async (productId: string): Promise<number> => {
    if (currentCall()?.user === undefined) return 0;
    const { cart } = await carts.getCart({}, PART);
    return cart?.items.find((it) => it.productId === productId)?.quantity ?? 0;
  };

  return {
    async getHome() {
      const wanted = {
        categories: categories(),
        popular: popular(),
        newest: newest(),
      };
      const { parts, missing } = await gather(wanted, currentCall()?.log);
      const staleParts = Object.entries(parts).flatMap(([name, it]) => (it?.isStale ? [name] : []));
      return {
        categories: parts.categories?.value ?? [],
        popular: parts.popular?.value ?? [],
        newest: parts.newest?.value ?? [],
        missingParts: missing,
        staleParts,
      };
    },

    async getProductPage({ productId }) {
      const asked = known(productId);
      const wanted = asked.then(({ value }) => value);
      // What is around it needs the product's category; the rest is under way meanwhile.
      const around = gather(
        {
          category: categories(),
          related: wanted.then(
            (it) => (it === undefined ? [] : relatedTo(it)),
            () => [],
          ),
          cart: quantityInCart(productId),
        },
        currentCall()?.log,
      );
      const product = await wanted;
      const { parts, missing } = await around;
      const category = parts.category?.value.find((it) => it.categoryId === product?.categoryId);
      return {
        ...(product && { product }),
        ...(category && { category }),
        related: parts.related ?? [],
        quantityInCart: parts.cart ?? 0,
        missingParts: missing,
        staleParts: (await asked).isStale ? ["product"] : [],
      };
    },
  };
}
