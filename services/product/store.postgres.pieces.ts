import type { Queryable } from "#kit/postgres/database.ts";
import { outOfStock, productNotFound } from "./reasons.ts";
import type { StockLine } from "./store.ts";

/** A transaction that remembers whose pieces it moved. */
export interface StockTransaction extends Queryable {
  readonly touched: Set<string>;
}

// Locks are always taken in one order: an order's reservation, then products by id. Nobody who holds a product waits for
// a reservation, so no two can wait for each other.

/** Locks products that are on sale, in the order of their ids, and answers what is left of them. */
export async function lockProducts(tx: Queryable, productIds: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ product_id: string; stock: number }>(
    "SELECT product_id, stock FROM products WHERE product_id = ANY($1) AND delete_time IS NULL ORDER BY product_id FOR NO KEY UPDATE",
    [productIds],
  );
  return new Map(rows.map((it) => [it.product_id, it.stock]));
}

export async function addStock(tx: StockTransaction, changes: readonly StockLine[], sign: 1 | -1): Promise<void> {
  for (const { productId } of changes) tx.touched.add(productId);
  await tx.query(
    "UPDATE products p SET stock = stock + c.quantity FROM unnest($1::text[], $2::int[]) c (product_id, quantity) WHERE p.product_id = c.product_id",
    [changes.map((it) => it.productId), changes.map((it) => it.quantity * sign)],
  );
}

/** Takes the pieces off the stock. */
export async function take(tx: StockTransaction, lines: readonly StockLine[]): Promise<void> {
  const left = await lockProducts(
    tx,
    lines.map((it) => it.productId),
  );
  for (const { productId, quantity } of lines) {
    const available = left.get(productId);
    if (available === undefined) throw productNotFound(productId);
    if (available < quantity) throw outOfStock(productId, available);
  }
  await addStock(tx, lines, -1);
}

/** Puts the pieces of reservations back; deleted products get theirs too. */
export async function putBack(tx: StockTransaction, orderIds: readonly string[]): Promise<void> {
  const { rows } = await tx.query<{ product_id: string; quantity: number }>(
    `SELECT p.product_id, l.quantity FROM products p
     JOIN (SELECT product_id, sum(quantity) AS quantity FROM reservation_lines WHERE order_id = ANY($1) GROUP BY product_id) l USING (product_id)
     ORDER BY p.product_id FOR NO KEY UPDATE OF p`,
    [orderIds],
  );
  await addStock(
    tx,
    rows.map((it) => ({ productId: it.product_id, quantity: it.quantity })),
    1,
  );
}
