import type { Queryable } from "#kit/postgres/database.ts";
import { reservationEnded } from "./reasons.ts";
import { putBack, type StockTransaction, take } from "./store.postgres.pieces.ts";
import type { Picture, Reservation, StockLine } from "./store.ts";

type State = "held" | "confirmed" | "expired" | "released";

type LineRow = {
  product_id: string;
  quantity: number;
  name: string;
  currency_code: string;
  unit_price_minor_units: number;
  picture: Picture | null;
};

async function readLines(tx: Queryable, orderId: string) {
  const { rows } = await tx.query<LineRow>(
    `SELECT product_id, quantity, name, currency_code, unit_price_minor_units, picture
     FROM reservation_lines WHERE order_id = $1 ORDER BY position`,
    [orderId],
  );
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
async function hold(
  tx: Queryable,
  orderId: string,
  holdMs: number,
): Promise<{ before: State | undefined; expireTime: Date }> {
  const inserted = await tx.query<{ expire_time: Date }>(
    `INSERT INTO reservations (order_id, state, expire_time) VALUES ($1, 'held', ${EXPIRE_TIME}) ON CONFLICT DO NOTHING RETURNING expire_time`,
    [orderId, holdMs],
  );
  if (inserted.rows[0] !== undefined) return { before: undefined, expireTime: inserted.rows[0].expire_time };
  const { rows } = await tx.query<{ state: State }>("SELECT state FROM reservations WHERE order_id = $1 FOR UPDATE", [
    orderId,
  ]);
  const before = rows[0]?.state;
  const updated = await tx.query<{ expire_time: Date }>(
    `UPDATE reservations SET state = CASE state WHEN 'expired' THEN 'held' ELSE state END, expire_time = ${EXPIRE_TIME}
     WHERE order_id = $1 RETURNING expire_time`,
    [orderId, holdMs],
  );
  if (before === undefined || updated.rows[0] === undefined) throw new Error("A reservation vanished");
  return { before, expireTime: updated.rows[0].expire_time };
}

/** Holds what an order asks for, in one transaction. */
export async function reserve(
  tx: StockTransaction,
  orderId: string,
  lines: readonly StockLine[],
  holdMs: number,
): Promise<Reservation> {
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

/** Ends an order's reservation for good, in one transaction; answers whether it had pieces. */
export async function release(tx: StockTransaction, orderId: string): Promise<boolean> {
  const inserted = await tx.query(
    "INSERT INTO reservations (order_id, state, expire_time) VALUES ($1, 'released', now()) ON CONFLICT DO NOTHING",
    [orderId],
  );
  if (inserted.rowCount === 1) return false;
  const { rows } = await tx.query<{ state: State }>("SELECT state FROM reservations WHERE order_id = $1 FOR UPDATE", [
    orderId,
  ]);
  const state = rows[0]?.state;
  await tx.query("UPDATE reservations SET state = 'released' WHERE order_id = $1", [orderId]);
  const taken = state === "held" || state === "confirmed";
  if (taken) await putBack(tx, [orderId]);
  return taken;
}

/** Undoes holds that are over; holds that somebody else works on are left alone. */
export async function expire(
  tx: StockTransaction,
  limit: number,
  productIds: readonly string[] | null,
): Promise<number> {
  const { rows } = await tx.query<{ order_id: string }>(
    `UPDATE reservations SET state = 'expired' WHERE order_id IN (
       SELECT order_id FROM reservations r WHERE state = 'held' AND expire_time <= now()
         AND ($2::text[] IS NULL OR EXISTS (SELECT FROM reservation_lines l WHERE l.order_id = r.order_id AND l.product_id = ANY($2)))
       ORDER BY expire_time LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING order_id`,
    [limit, productIds],
  );
  if (rows.length > 0)
    await putBack(
      tx,
      rows.map((it) => it.order_id),
    );
  return rows.length;
}
