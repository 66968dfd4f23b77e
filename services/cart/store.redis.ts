import { currentCall } from "#kit/call.ts";
import type { Redis } from "#kit/redis/redis.ts";
import { createCarts } from "./store.redis.carts.ts";
import { createMerges, isUnsettled } from "./store.redis.merge.ts";
import { ADD, BUY, type CartScript, READ, REMOVE, SET } from "./store.redis.scripts.ts";
import type { CartStore, CartStoreOptions, Change } from "./store.ts";

/**
 * Carts in Redis: one key a cart, each change one script, and the slot of a Cluster is the owner's. Time is the server's, which
 * also forgets what has expired.
 */
export function createRedisStore(redis: Redis, options: CartStoreOptions): CartStore {
  const { lifetimeMs, renewAfterMs, purchaseMemoryMs } = options;
  const carts = createCarts(redis);
  const merges = createMerges(carts, options);
  const change = async (script: CartScript, owner: string, values: readonly (string | number)[]): Promise<Change> => {
    const { outcome, cart } = await carts.run(script, owner, [lifetimeMs, ...values]);
    return outcome === "done" ? { outcome, cart } : { outcome: outcome as Exclude<Change["outcome"], "done"> };
  };
  return {
    async read(owner) {
      const found = await carts.run(READ, owner, [lifetimeMs, renewAfterMs]);
      if (!isUnsettled(found)) return found.cart;
      try {
        return await merges.settle(owner, found);
      } catch (error) {
        currentCall()?.log.warn({ err: error }, "the cart is shown without what is on its way into it");
        return found.cart;
      }
    },
    add: (owner, { productId, quantity, limit, requestId = "" }) =>
      change(ADD, owner, [productId, quantity, limit, requestId.toLowerCase()]),
    set: (owner, { productId, quantity }, limit) => change(SET, owner, [productId, quantity, limit]),
    remove: async (owner, productId) => (await carts.run(REMOVE, owner, [lifetimeMs, productId])).cart,
    clear: async (owner) => (await carts.run(REMOVE, owner, [lifetimeMs])).cart,
    merge: merges.merge,
    async removePurchased(owner, orderId, lines) {
      const bought = lines.flatMap((it) => [it.productId, it.quantity]);
      await carts.runRaw(BUY, owner, [purchaseMemoryMs, orderId.toLowerCase(), ...bought]);
    },
    purge: async () => 0,
  };
}
