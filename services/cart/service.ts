import type { ServiceImpl } from "@connectrpc/connect";
import type { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { currentUser } from "#kit/call.ts";
import type { Catalogue, Products } from "./catalogue.ts";
import { cartFull, notInCart, overLimit, unknownProduct } from "./reasons.ts";
import { type CartStore, type Change, QUANTITY_MAX, type StoredCart } from "./store.ts";
import { viewOf } from "./view.ts";

/** What the cart service is made of. */
export interface CartServiceDeps {
  readonly store: CartStore;
  readonly catalogue: Catalogue;
  /** Answers the user id of the guest whose token it is. */
  readonly guestOf: (token: string) => Promise<string>;
  /** Told of pieces that came into a cart. */
  readonly onAdded: (pieces: number) => void;
}

/** The cart that a change led to; a refusal is thrown. */
function changed(change: Change, productId: string, limit: number): StoredCart {
  switch (change.outcome) {
    case "done":
      return change.cart;
    case "over_limit":
      throw overLimit(productId, limit);
    case "cart_full":
      throw cartFull();
    case "no_such_line":
      throw notInCart(productId);
  }
}

const idsOf = (cart: StoredCart) => cart.lines.map((it) => it.productId);

/** CartService over a store and the catalogue. */
export function createCartService({
  store,
  catalogue,
  guestOf,
  onAdded,
}: CartServiceDeps): ServiceImpl<typeof CartService> {
  const answer = async (cart: StoredCart, known?: Products) => ({
    cart: viewOf(cart, await catalogue.look(idsOf(cart), known)),
  });
  /** How many pieces of a product a user may have. Asks for the rest of the cart too, since the answer will show it. */
  const limitOf = async (productId: string, userId: string) => {
    const ids = new Set([productId, ...idsOf(await store.read(userId))]);
    const products = await catalogue.find([...ids]);
    const product = products.get(productId);
    if (product === undefined) throw unknownProduct(productId);
    return { limit: Math.min(QUANTITY_MAX, product.stock), products };
  };
  return {
    getCart: async () => answer(await store.read(currentUser().userId)),

    async addItem({ productId, quantity, requestId }) {
      const { userId } = currentUser();
      const { limit, products } = await limitOf(productId, userId);
      const change = await store.add(userId, { productId, quantity, limit, requestId: requestId || undefined });
      const cart = changed(change, productId, limit);
      onAdded(quantity);
      return answer(cart, products);
    },

    async updateItem({ productId, quantity }) {
      const { userId } = currentUser();
      if (quantity === 0) return answer(await store.remove(userId, productId));
      const { limit, products } = await limitOf(productId, userId);
      return answer(changed(await store.set(userId, { productId, quantity }, limit), productId, limit), products);
    },

    removeItem: async ({ productId }) => answer(await store.remove(currentUser().userId, productId)),

    clearCart: async () => answer(await store.clear(currentUser().userId)),

    async mergeCart({ guestToken }) {
      const { userId } = currentUser();
      return answer(await store.merge(await guestOf(guestToken), userId));
    },

    async removePurchased({ userId, orderId, lines }) {
      await store.removePurchased(userId, orderId, lines);
      return {};
    },
  };
}
