import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { implement } from "#kit/implementation.ts";
import type { Main } from "#kit/kit.ts";
import { runAlone } from "#kit/run.ts";
import type { Schema } from "#kit/schema.ts";
import { createCatalogue } from "./catalogue.ts";
import { createReservations } from "./reservations.ts";
import { followSales } from "./sales.ts";
import { createProductService } from "./service.ts";
import { createPostgresStore } from "./store.postgres.ts";

const SCHEMA: Schema = { migrations: new URL("./migrations", import.meta.url), events: true };

/** The product service. */
export const main: Main = async (kit) => {
  const { metrics, log } = kit;
  const database = await kit.postgres(SCHEMA);
  const store = createPostgresStore(database);
  const reservations = createReservations({ store, metrics, log });
  const service = createProductService({ store, catalogue: createCatalogue(store), reservations, metrics });
  await followSales({ events: await kit.events(database), store });
  await kit.serve({ services: [implement(ProductService, service)], ready: () => database.ping() });
  kit.onClose(reservations.startExpiring());
};

if (import.meta.main) await runAlone("product", main, SCHEMA);
