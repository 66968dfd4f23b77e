import { pino } from "pino";
import { describe } from "vitest";
import { openMongo } from "#kit/mongo/client.ts";
import { migrateMongo } from "#kit/mongo/migrate.ts";
import { testMongo } from "#kit/testing/engines/shared.ts";
import { storeContract } from "./store.contract.ts";
import type { ProductDocument } from "./store.mongo.documents.ts";
import { MIGRATIONS } from "./store.mongo.migrations.ts";
import { createMongoStore } from "./store.mongo.ts";

describe("MongoDB", () =>
  storeContract(async () => {
    const log = pino({ level: "silent" });
    const url = await testMongo();
    await migrateMongo({ url, workload: "product", migrations: MIGRATIONS, log });
    const mongo = openMongo({ url, workload: "product", log });
    return {
      store: createMongoStore({ mongo, log }),
      close: () => mongo.close(),
      async audit(productId) {
        const product = await mongo.collection<ProductDocument>("products").findOne({ _id: productId });
        if (product === null) throw new Error(`There is no product ${productId}`);
        const { stock, holds, sold, adjusted } = product;
        return { stock, held: holds.reduce((sum, it) => sum + it.quantity, 0), sold, adjusted };
      },
    };
  }));
