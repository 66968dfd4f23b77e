import type { Database, Queryable } from "#kit/postgres.ts";
import { invalidField, isOutOfStock, outOfStock, productNotFound, reservationEnded } from "./reasons.ts";
import { type Adjustment, type Picture, type Reservation, STOCK_MAX, type StockLine, type StockStore } from "./store.ts";

const EXPIRE_FIRST_MAX = 100;

type State = "held" | "confirmed" | "expired" | "released";
type StockRow = { product_id: string; stock: number };

// Locks are always taken in one order: an order's reservation, then products by id. Nobody who holds a product waits for
// a reservation, so no two can wait for each other.

/** Locks products that are on sale, in the order of their ids, and answers what is left of them. */
async function lockProducts(tx: Queryable, productIds: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await tx.query<StockRow>(
    "SELECT product_id, stock FROM products WHERE product_id = ANY($1) AND delete_time IS NULL ORDER BY product_id FOR NO KEY UPDATE",
    [productIds],
  );
  return new Map(rows.map((it) => [it.product_id, it.stock]));
}

async function addStock(tx: Queryable, changes: readonly StockLine[], sign: 1 | -1): Promise<void> {
  await tx.query(
    "UPDATE products p SET stock = stock + c.quantity FROM unnest($1::text[], $2::int[]) c (product_id, quantity) WHERE p.product_id = c.product_id",
    [changes.map((it) => it.productId), changes.map((it) => it.quantity * sign)],
  );
}

/** Takes the pieces off the stock. */
async function take(tx: Queryable, lines: readonly StockLine[]): Promise<void> {
  const left = await lockProducts(tx, lines.map((it) => it.productId));
  for (const { productId, quantity } of lines) {
    const available = left.get(productId);
    if (available === undefined) throw productNotFound(productId);
    if (available < quantity) throw outOfStock(productId, available);
  }
  await addStock(tx, lines, -1);
}

/** Puts the pieces of reservations back; deleted products get theirs too. */
async function putBack(tx: Queryable, orderIds: readonly string[]): Promise<void> {
  const { rows } = await tx.query<{ product_id: string; quantity: number }>(
    `SELECT p.product_id, l.quantity FROM products p
     JOIN (SELECT product_id, sum(quantity) AS quantity FROM reservation_lines WHERE order_id = ANY($1) GROUP BY product_id) l USING (product_id)
     ORDER BY p.product_id FOR NO KEY UPDATE OF p`,
    [orderIds],
  );
  await addStock(tx, rows.map((it) => ({ productId: it.product_id, quantity: it.quantity })), 1);
}

type LineRow = { product_id: string; quantity: number; name: string; currency_code: string; unit_price_minor_units: number; picture: Picture | null };

async function readLines(tx: Queryable, orderId: string) {
  const { rows } = await tx.query<LineRow>("SELECT * FROM reservation_lines WHERE order_id = $1 ORDER BY position", [orderId]);
  return rows.map((it) => ({
    productId: it.product_id,
    quantity: it.quantity,
    name: it.name,
    unitPrice: { currencyCode: it.currency_code, minorUnits: it.unit_price_minor_units },
    picture: it.picture ?? undefined,
  }));
}

async function writeLines(tx: Queryable, orderId: string, lines: readonly StockLine[]): Promise<void> {
  await tx.query(
    `INSERT INTO reservation_lines (order_id, position, product_id, quantity, name, currency_code, unit_price_minor_units, picture)
     SELECT $1, l.position, product_id, l.quantity, p.name, p.currency_code, p.price_minor_units, p.pictures -> 0
     FROM unnest($2::text[], $3::int[]) WITH ORDINALITY l (product_id, quantity, position) JOIN products p USING (product_id)`,
    [orderId, lines.map((it) => it.productId), lines.map((it) => it.quantity)],
  );
}

const EXPIRE_TIME = "now() + $2 * interval '1 millisecond'";

/** Begins a reservation or its hold anew; answers the state it was in before, if there was one. */
async function hold(tx: Queryable, orderId: string, holdMs: number): Promise<{ before: State | undefined; expireTime: Date }> {
  const inserted = await tx.query<{ expire_time: Date }>(
    `INSERT INTO reservations (order_id, state, expire_time) VALUES ($1, 'held', ${EXPIRE_TIME}) ON CONFLICT DO NOTHING RETURNING expire_time`,
    [orderId, holdMs],
  );
  if (inserted.rows[0] !== undefined) return { before: undefined, expireTime: inserted.rows[0].expire_time };
  const { rows } = await tx.query<{ state: State }>("SELECT state FROM reservations WHERE order_id = $1 FOR UPDATE", [orderId]);
  const before = rows[0]?.state;
  const updated = await tx.query<{ expire_time: Date }>(
    `UPDATE reservations SET state = CASE state WHEN 'expired' THEN 'held' ELSE state END, expire_time = ${EXPIRE_TIME}
     WHERE order_id = $1 RETURNING expire_time`,
    [orderId, holdMs],
  );
  if (before === undefined || updated.rows[0] === undefined) throw new Error("A reservation vanished");
  return { before, expireTime: updated.rows[0].expire_time };
}

async function reserve(tx: Queryable, orderId: string, lines: readonly StockLine[], holdMs: number): Promise<Reservation> {
  const { before, expireTime } = await hold(tx, orderId, holdMs);
  if (before === "released") throw reservationEnded(orderId);
  if (before === undefined) {
    await take(tx, lines);
    await writeLines(tx, orderId, lines);
  }
  const reserved = await readLines(tx, orderId);
  if (before === "expired") await take(tx, reserved);
  return { orderId, lines: reserved, expireTime };
}

async function release(tx: Queryable, orderId: string): Promise<boolean> {
  const inserted = await tx.query("INSERT INTO reservations (order_id, state, expire_time) VALUES ($1, 'released', now()) ON CONFLICT DO NOTHING", [orderId]);
  if (inserted.rowCount === 1) return false;
  const { rows } = await tx.query<{ state: State }>("SELECT state FROM reservations WHERE order_id = $1 FOR UPDATE", [orderId]);
  const state = rows[0]?.state;
  await tx.query("UPDATE reservations SET state = 'released' WHERE order_id = $1", [orderId]);
  const taken = state === "held" || state === "confirmed";
  if (taken) await putBack(tx, [orderId]);
  return taken;
}

/** Undoes holds that are over; holds that somebody else works on are left alone. */
async function expire(tx: Queryable, limit: number, productIds: readonly string[] | null): Promise<number> {
  const { rows } = await tx.query<{ order_id: string }>(
    `UPDATE reservations SET state = 'expired' WHERE order_id IN (
       SELECT order_id FROM reservations r WHERE state = 'held' AND expire_time <= now()
         AND ($2::text[] IS NULL OR EXISTS (SELECT FROM reservation_lines l WHERE l.order_id = r.order_id AND l.product_id = ANY($2)))
       ORDER BY expire_time LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING order_id`,
    [limit, productIds],
  );
  if (rows.length > 0) await putBack(tx, rows.map((it) => it.order_id));
  return rows.length;
}

async function adjust(tx: Queryable, { requestId, productId, delta }: Adjustment): Promise<number> {
  const stock = (await lockProducts(tx, [productId])).get(productId);
  if (stock === undefined) throw productNotFound(productId);
  const inserted = await tx.query("INSERT INTO stock_adjustments (request_id, product_id, delta) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [
    requestId,
    productId,
    delta,
  ]);
  if (inserted.rowCount === 0) {
    const known = await tx.query("SELECT FROM stock_adjustments WHERE request_id = $1 AND product_id = $2 AND delta = $3", [requestId, productId, delta]);
    if (known.rowCount === 0) throw invalidField("request_id", "was used for another adjustment");
    return stock;
  }
  if (stock + delta < 0) throw outOfStock(productId, stock);
  if (stock + delta > STOCK_MAX) throw invalidField("delta", `the stock would exceed ${STOCK_MAX} pieces`);
  await addStock(tx, [{ productId, quantity: delta }], 1);
  return stock + delta;
}

async function countSales(tx: Queryable, eventId: string, lines: readonly StockLine[]): Promise<boolean> {
  const inserted = await tx.query("INSERT INTO handled_events (event_id) VALUES ($1) ON CONFLICT DO NOTHING", [eventId]);
  if (inserted.rowCount === 0) return false;
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
export function createPostgresStock(database: Database): StockStore {
  return {
    adjust: (adjustment) => database.transaction((tx) => adjust(tx, adjustment)),

    async reserve(orderId, lines, holdMs) {
      const attempt = () => database.transaction((tx) => reserve(tx, orderId, lines, holdMs));
      try {
        return await attempt();
      } catch (error) {
        if (!isOutOfStock(error)) throw error;
        // Holds that are over may stand in the way only because nobody has undone them yet.
        const productIds = lines.map((it) => it.productId);
        const undone = await database.transaction((tx) => expire(tx, EXPIRE_FIRST_MAX, productIds));
        if (undone === 0) throw error;
        return attempt();
      }
    },

    async confirm(orderId) {
      const { rowCount } = await database.query("UPDATE reservations SET state = 'confirmed' WHERE order_id = $1 AND state IN ('held', 'confirmed')", [orderId]);
      return rowCount === 1;
    },

    release: (orderId) => database.transaction((tx) => release(tx, orderId)),
    expire: (limit) => database.transaction((tx) => expire(tx, limit, null)),
    countSales: (eventId, lines) => database.transaction((tx) => countSales(tx, eventId, lines)),
  };
}
