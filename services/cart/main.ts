import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { implement } from "#kit/implementation.ts";
import type { Kit, Main } from "#kit/kit.ts";
import { runAlone } from "#kit/run.ts";
import type { Schema } from "#kit/schema.ts";
import type { Settings } from "#kit/settings.ts";
import { createCatalogue } from "./catalogue.ts";
import { createGuestCheck } from "./guest.ts";
import { startPurge } from "./purge.ts";
import { createCartService } from "./service.ts";
import { createPostgresStore } from "./store.postgres.ts";
import { createRedisStore } from "./store.redis.ts";
import type { CartStore, CartStoreOptions } from "./store.ts";

/** What it keeps in PostgreSQL. */
const SCHEMA: Schema = { migrations: new URL("./migrations", import.meta.url) };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PURGE_INTERVAL_MS = 600_000;
const OPTIONS: CartStoreOptions = { lifetimeMs: 7 * DAY_MS, renewAfterMs: HOUR_MS, purchaseMemoryMs: 14 * DAY_MS };

/** What carts need of PostgreSQL: nothing where they are in Redis. */
export const schemaOf = ({ redis }: Settings): Schema | undefined => (redis === undefined ? SCHEMA : undefined);

/** Where carts are kept, and how to ask whether it is there. */
async function openStore(kit: Kit): Promise<{ store: CartStore; ready: () => Promise<void> }> {
  if (kit.settings.redis !== undefined) {
    const redis = await kit.redis();
    return { store: createRedisStore(redis, OPTIONS), ready: redis.ping };
  }
  const database = await kit.postgres(SCHEMA);
  const store = createPostgresStore(database, OPTIONS);
  const purge = startPurge(store, PURGE_INTERVAL_MS, kit.log);
  kit.onClose(() => purge.stop());
  return { store, ready: () => database.ping() };
}

/** The cart service. */
export const main: Main = async (kit) => {
  const { store, ready } = await openStore(kit);
  const added = kit.metrics.counter("shop_cart_pieces_added_total", "Pieces put into carts");
  const service = createCartService({
    store,
    catalogue: createCatalogue(kit.client(ProductService)),
    guestOf: createGuestCheck(kit.client(AuthService)),
    onAdded: (pieces) => added.inc(pieces),
  });
  await kit.serve({ services: [implement(CartService, service)], ready });
};

if (import.meta.main) await runAlone("cart", main, schemaOf);
