import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { describe } from "vitest";
import { openDatabase } from "#kit/postgres/database.ts";
import { migrate } from "#kit/postgres/migrate.ts";
import { testPostgres } from "#kit/testing/postgres.ts";
import { storeContract } from "./store.contract.ts";
import { createPostgresStore } from "./store.postgres.ts";

describe("PostgreSQL", () =>
  storeContract(async () => {
    const log = pino({ level: "silent" });
    const url = await testPostgres();
    await migrate({ url, schema: "product", dir: fileURLToPath(new URL("./migrations", import.meta.url)), log });
    const database = openDatabase({ url, schema: "product", log });
    return {
      store: createPostgresStore(database),
      close: () => database.close(),
      async audit(productId) {
        const { rows } = await database.query<{ stock: number; held: number; sold: number; adjusted: number }>(
          `SELECT p.stock, r.held, r.sold, (SELECT coalesce(sum(delta), 0) FROM stock_adjustments WHERE product_id = $1) AS adjusted
           FROM products p, (
             SELECT coalesce(sum(quantity) FILTER (WHERE state = 'held'), 0) AS held, coalesce(sum(quantity) FILTER (WHERE state = 'confirmed'), 0) AS sold
             FROM reservation_lines JOIN reservations USING (order_id) WHERE product_id = $1
           ) r WHERE p.product_id = $1`,
          [productId],
        );
        const [row] = rows;
        if (row === undefined) throw new Error(`There is no product ${productId}`);
        return row;
      },
    };
  }));
