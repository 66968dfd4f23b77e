import type { Database } from "#kit/postgres/database.ts";
import type { StoreUnderTest } from "./store.contract.ts";
import { createPostgresStore } from "./store.postgres.ts";

interface Books {
  readonly stock: number;
  readonly held: number;
  readonly sold: number;
  readonly adjusted: number;
}

/** The store over a migrated database, as the suite takes it. */
export function storeUnderTest(database: Database): StoreUnderTest {
  return {
    store: createPostgresStore(database),
    close: () => database.close(),
    async audit(productId) {
      const { rows } = await database.query<Books>(
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
}
