import type { Database, Queryable } from "#kit/postgres/database.ts";
import { invalidField, isOutOfStock, outOfStock, productNotFound } from "./reasons.ts";
import type { PostgresStockFeed } from "./store.postgres.feed.ts";
import { addStock, lockProducts, type StockTransaction } from "./store.postgres.pieces.ts";
import { expire, release, reserve } from "./store.postgres.reservations.ts";
import { type Adjustment, STOCK_MAX, type StockLine, type StockStore } from "./store.ts";

const EXPIRE_FIRST_MAX = 100;
// More than one, so that the number of events that are remembered goes down to those of the last weeks.
const FORGET_MAX = 5;

async function adjust(tx: StockTransaction, { requestId, productId, delta }: Adjustment): Promise<number> {
  const stock = (await lockProducts(tx, [productId])).get(productId);
  if (stock === undefined) throw productNotFound(productId);
  const inserted = await tx.query(
    "INSERT INTO stock_adjustments (request_id, product_id, delta) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [requestId, productId, delta],
  );
  if (inserted.rowCount === 0) {
    const known = await tx.query(
      "SELECT FROM stock_adjustments WHERE request_id = $1 AND product_id = $2 AND delta = $3",
      [requestId, productId, delta],
    );
    if (known.rowCount === 0) throw invalidField("request_id", "was used for another adjustment");
    return stock;
  }
  if (stock + delta < 0) throw outOfStock(productId, stock);
  if (stock + delta > STOCK_MAX) throw invalidField("delta", `the stock would exceed ${STOCK_MAX} pieces`);
  await addStock(tx, [{ productId, quantity: delta }], 1);
  return stock + delta;
}

async function countSales(tx: Queryable, eventId: string, lines: readonly StockLine[]): Promise<boolean> {
  const inserted = await tx.query("INSERT INTO handled_events (event_id) VALUES ($1) ON CONFLICT DO NOTHING", [
    eventId,
  ]);
  if (inserted.rowCount === 0) return false;
  // The event log forgets after a week; what is older than that does not come again.
  await tx.query(
    `DELETE FROM handled_events WHERE event_id IN (SELECT event_id FROM handled_events
       WHERE handle_time < now() - interval '30 days' ORDER BY handle_time LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    [FORGET_MAX],
  );
  const productIds = lines.map((it) => it.productId);
  await tx.query("SELECT FROM products WHERE product_id = ANY($1) ORDER BY product_id FOR NO KEY UPDATE", [productIds]);
  await tx.query(
    `UPDATE products p SET sold_count = p.sold_count + c.quantity
     FROM (SELECT product_id, sum(quantity) AS quantity FROM unnest($1::text[], $2::int[]) l (product_id, quantity) GROUP BY product_id) c
     WHERE p.product_id = c.product_id`,
    [productIds, lines.map((it) => it.quantity)],
  );
  return true;
}

/** The pieces of the shop in PostgreSQL. */
export function createPostgresStock(database: Database, feed: PostgresStockFeed): StockStore {
  /** Moves pieces in one transaction, and tells of it when it is done. */
  async function moving<T>(work: (tx: StockTransaction) => Promise<T>): Promise<T> {
    const touched = new Set<string>();
    const result = await database.transaction((tx) => work({ query: (...it) => tx.query(...it), touched }));
    feed.tell(touched);
    return result;
  }
  return {
    adjust: (adjustment) => moving((tx) => adjust(tx, adjustment)),

    async reserve(orderId, lines, holdMs) {
      const attempt = () => moving((tx) => reserve(tx, orderId, lines, holdMs));
      try {
        return await attempt();
      } catch (error) {
        if (!isOutOfStock(error)) throw error;
        // Holds that are over may stand in the way only because nobody has undone them yet.
        const productIds = lines.map((it) => it.productId);
        const undone = await moving((tx) => expire(tx, EXPIRE_FIRST_MAX, productIds));
        if (undone === 0) throw error;
        return attempt();
      }
    },

    async confirm(orderId) {
      const { rowCount } = await database.query(
        "UPDATE reservations SET state = 'confirmed' WHERE order_id = $1 AND state IN ('held', 'confirmed')",
        [orderId],
      );
      return rowCount === 1;
    },

    release: (orderId) => moving((tx) => release(tx, orderId)),
    expire: (limit) => moving((tx) => expire(tx, limit, null)),
    countSales: (eventId, lines) => database.transaction((tx) => countSales(tx, eventId, lines)),
  };
}
