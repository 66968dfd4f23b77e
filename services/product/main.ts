import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { implement } from "#kit/implementation.ts";
import type { Kit, Main } from "#kit/kit.ts";
import type { Database } from "#kit/postgres/database.ts";
import { runAlone } from "#kit/run.ts";
import type { Schema } from "#kit/schema.ts";
import type { Settings } from "#kit/settings.ts";
import { createCatalogue } from "./catalogue.ts";
import { createReservations } from "./reservations.ts";
import { followSales } from "./sales.ts";
import { createProductService } from "./service.ts";
import { createStockWatch } from "./stock-watch.ts";
import { MIGRATIONS } from "./store.mongo.migrations.ts";
import { createPostgresStore } from "./store.postgres.ts";
import type { ProductStore } from "./store.ts";

/** The store, whether it is there, and the database that events come through where there is no Kafka. */
interface Opened {
  readonly store: ProductStore;
  readonly ready: () => Promise<void>;
  readonly database?: Database;
}

/** What product keeps, and where, with these settings. */
export function schemaOf({ mongodbUrl }: Pick<Settings, "mongodbUrl">): Schema {
  if (mongodbUrl !== undefined) return { mongo: MIGRATIONS, events: true };
  return { migrations: new URL("./migrations", import.meta.url), events: true };
}

async function openMongoStore(kit: Kit, url: string): Promise<Opened> {
  const { workload, settings, log, metrics } = kit;
  const [{ openMongo }, { migrateMongo }, { createMongoStore }] = await Promise.all([
    import("#kit/mongo/client.ts"),
    import("#kit/mongo/migrate.ts"),
    import("./store.mongo.ts"),
  ]);
  await migrateMongo({ url, workload, migrations: MIGRATIONS, log });
  const mongo = openMongo({ url, workload, log, metrics });
  kit.onClose(() => mongo.close());
  const opened = { store: createMongoStore({ mongo, log }), ready: () => mongo.ping() };
  if (settings.kafka !== undefined) return opened;
  return { ...opened, database: await kit.postgres({ events: true }) };
}

async function openPostgresStore(kit: Kit): Promise<Opened> {
  const database = await kit.postgres(schemaOf(kit.settings));
  return { store: createPostgresStore(database), ready: () => database.ping(), database };
}

/** The product service. */
export const main: Main = async (kit) => {
  const { metrics, log, settings } = kit;
  const opening = settings.mongodbUrl === undefined ? openPostgresStore(kit) : openMongoStore(kit, settings.mongodbUrl);
  const { store, ready, database } = await opening;
  const reservations = createReservations({ store, metrics, log });
  const stockWatch = await createStockWatch({ store, log });
  kit.onClose(() => stockWatch.close());
  metrics.gauge("shop_stock_watchers", "People who watch the stock of products", () => stockWatch.watchers);
  const catalogue = createCatalogue(store);
  const service = createProductService({ store, catalogue, reservations, stockWatch, metrics });
  await followSales({ events: await kit.events(database), store });
  await kit.serve({ services: [implement(ProductService, service)], ready });
  kit.onClose(reservations.startExpiring());
};

if (import.meta.main) await runAlone("product", main, schemaOf);
