import type { Database, Queryable } from "#kit/postgres/database.ts";
import {
  type Addition,
  type CartStore,
  type CartStoreOptions,
  type Change,
  LINES_MAX,
  type Line,
  QUANTITY_MAX,
  type StoredCart,
} from "./store.ts";

/** Requests remembered with a cart: a repetition comes within seconds, and nobody adds this often in that time. */
const REQUEST_IDS_MAX = 100;

interface LockedCart {
  readonly expireTime: Date;
  readonly requestIds: readonly string[];
}

const EMPTY: StoredCart = { lines: [], expireTime: undefined };

async function linesOf(tx: Queryable, owner: string): Promise<Line[]> {
  const { rows } = await tx.query<{ product_id: string; quantity: number }>(
    "SELECT product_id, quantity FROM lines WHERE owner = $1 ORDER BY position",
    [owner],
  );
  return rows.map((row) => ({ productId: row.product_id, quantity: row.quantity }));
}

/** Sets lines; new ones come last, in the order given. */
async function putLines(tx: Queryable, owner: string, lines: readonly Line[]): Promise<void> {
  await tx.query(
    `INSERT INTO lines (owner, product_id, quantity)
     SELECT $1, product_id, quantity
     FROM unnest($2::text[], $3::int[]) WITH ORDINALITY AS it (product_id, quantity, number) ORDER BY number
     ON CONFLICT (owner, product_id) DO UPDATE SET quantity = EXCLUDED.quantity`,
    [owner, lines.map((it) => it.productId), lines.map((it) => it.quantity)],
  );
}

/** Sets one line, and remembers which request asked for it. */
async function putLineOnce(tx: Queryable, owner: string, line: Line, requestId: string): Promise<void> {
  await tx.query(
    `WITH remembered AS (
       UPDATE carts SET request_ids = (request_ids || $4::uuid)[greatest(1, cardinality(request_ids) + 2 - $5):] WHERE owner = $1
     )
     INSERT INTO lines (owner, product_id, quantity) VALUES ($1, $2, $3)
     ON CONFLICT (owner, product_id) DO UPDATE SET quantity = EXCLUDED.quantity`,
    [owner, line.productId, line.quantity, requestId, REQUEST_IDS_MAX],
  );
}

type CartRow = { expire_time: Date; request_ids: string[] };

/** Makes the cart, or begins it anew if it has expired. */
async function makeCart(tx: Queryable, owner: string, lifetimeMs: number): Promise<CartRow> {
  await tx.query("DELETE FROM carts WHERE owner = $1 AND expire_time <= now()", [owner]);
  const { rows } = await tx.query<CartRow>(
    `INSERT INTO carts (owner, expire_time) VALUES ($1, now() + $2 * interval '1 ms')
     ON CONFLICT (owner) DO UPDATE SET expire_time = EXCLUDED.expire_time
     RETURNING expire_time, request_ids`,
    [owner, lifetimeMs],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("An upsert returned no row");
  return row;
}

/**
 * Begins a change: what comes to the same cart at the same time waits until the transaction ends. Nearly always the cart is
 * there, and one statement does.
 */
async function lockCart(tx: Queryable, owner: string, lifetimeMs: number): Promise<LockedCart> {
  const { rows } = await tx.query<CartRow>(
    `UPDATE carts SET expire_time = now() + $2 * interval '1 ms' WHERE owner = $1 AND expire_time > now()
     RETURNING expire_time, request_ids`,
    [owner, lifetimeMs],
  );
  const row = rows[0] ?? (await makeCart(tx, owner, lifetimeMs));
  return { expireTime: row.expire_time, requestIds: row.request_ids };
}

async function readCart(database: Database, owner: string, options: CartStoreOptions): Promise<StoredCart> {
  const { rows } = await database.query<{
    expire_time: Date;
    due: boolean;
    product_id: string | null;
    quantity: number;
  }>(
    `SELECT expire_time, expire_time < now() + $2 * interval '1 ms' AS due, product_id, quantity
     FROM carts LEFT JOIN lines USING (owner)
     WHERE owner = $1 AND expire_time > now() ORDER BY position`,
    [owner, options.lifetimeMs - options.renewAfterMs],
  );
  const [first] = rows;
  if (first === undefined) return EMPTY;
  const lines = rows.flatMap((row) =>
    row.product_id === null ? [] : [{ productId: row.product_id, quantity: row.quantity }],
  );
  if (!first.due) return { lines, expireTime: first.expire_time };
  const renewed = await database.query<{ expire_time: Date }>(
    "UPDATE carts SET expire_time = now() + $2 * interval '1 ms' WHERE owner = $1 AND expire_time > now() RETURNING expire_time",
    [owner, options.lifetimeMs],
  );
  return { lines, expireTime: renewed.rows[0]?.expire_time ?? first.expire_time };
}

async function addLine(tx: Queryable, owner: string, cart: LockedCart, addition: Addition): Promise<Change> {
  const { productId, quantity, limit, requestId } = addition;
  const before = await linesOf(tx, owner);
  const done = (lines: readonly Line[]): Change => ({ outcome: "done", cart: { lines, expireTime: cart.expireTime } });
  if (requestId !== undefined && cart.requestIds.includes(requestId.toLowerCase())) return done(before);
  const present = before.find((it) => it.productId === productId)?.quantity ?? 0;
  if (present + quantity > limit) return { outcome: "over_limit" };
  if (present === 0 && before.length >= LINES_MAX) return { outcome: "cart_full" };
  const line = { productId, quantity: present + quantity };
  if (requestId === undefined) await putLines(tx, owner, [line]);
  else await putLineOnce(tx, owner, line, requestId);
  return done(withLine(before, line));
}

/** The lines with one set: in its place, or behind all others. */
function withLine(lines: readonly Line[], line: Line): Line[] {
  const known = lines.some((it) => it.productId === line.productId);
  return known ? lines.map((it) => (it.productId === line.productId ? line : it)) : [...lines, line];
}

async function moveLines(tx: Queryable, from: string, into: string): Promise<void> {
  const present = new Map((await linesOf(tx, into)).map((it) => [it.productId, it.quantity]));
  const moved = await linesOf(tx, from);
  const room = LINES_MAX - present.size;
  const fresh = moved.filter((it) => !present.has(it.productId)).slice(0, room);
  const known = moved.filter((it) => present.has(it.productId));
  const added = [...known, ...fresh].map(({ productId, quantity }) => ({
    productId,
    quantity: Math.min(QUANTITY_MAX, quantity + (present.get(productId) ?? 0)),
  }));
  await putLines(tx, into, added);
  await tx.query("DELETE FROM lines WHERE owner = $1", [from]);
}

async function subtractLines(tx: Queryable, owner: string, lines: readonly Line[]): Promise<void> {
  const bought = [lines.map((it) => it.productId), lines.map((it) => it.quantity)];
  await tx.query("SELECT FROM carts WHERE owner = $1 FOR UPDATE", [owner]);
  await tx.query(
    `WITH bought AS (
       SELECT product_id, sum(quantity)::int AS quantity
       FROM unnest($2::text[], $3::int[]) AS it (product_id, quantity) GROUP BY product_id
     ), emptied AS (
       DELETE FROM lines USING bought
       WHERE owner = $1 AND lines.product_id = bought.product_id AND lines.quantity <= bought.quantity
     )
     UPDATE lines SET quantity = lines.quantity - bought.quantity FROM bought
     WHERE owner = $1 AND lines.product_id = bought.product_id AND lines.quantity > bought.quantity`,
    [owner, ...bought],
  );
}

async function purgeExpired(database: Database, batch: number): Promise<number> {
  // What somebody is changing at this moment is left alone.
  const carts = await database.query(
    `DELETE FROM carts WHERE owner IN (
       SELECT owner FROM carts WHERE expire_time <= now() ORDER BY expire_time LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    [batch],
  );
  const purchases = await database.query(
    `DELETE FROM purchases WHERE order_id IN (
       SELECT order_id FROM purchases WHERE expire_time <= now() ORDER BY expire_time LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    [batch],
  );
  return Math.max(carts.rowCount ?? 0, purchases.rowCount ?? 0);
}

/** Carts in PostgreSQL. The row of a cart is the lock for its lines; time is the database's, the same for all replicas. */
export function createPostgresStore(database: Database, options: CartStoreOptions): CartStore {
  const { lifetimeMs, purchaseMemoryMs } = options;
  const change = <T>(owner: string, work: (tx: Queryable, cart: LockedCart) => Promise<T>) =>
    database.transaction(async (tx) => work(tx, await lockCart(tx, owner, lifetimeMs)));
  return {
    read: (owner) => readCart(database, owner, options),
    add: (owner, addition) => change(owner, (tx, cart) => addLine(tx, owner, cart, addition)),
    set: (owner, line, limit) =>
      change(owner, async (tx, { expireTime }): Promise<Change> => {
        const before = await linesOf(tx, owner);
        const present = before.find((it) => it.productId === line.productId);
        if (present === undefined) return { outcome: "no_such_line" };
        if (line.quantity > Math.max(limit, present.quantity)) return { outcome: "over_limit" };
        await putLines(tx, owner, [line]);
        return { outcome: "done", cart: { lines: withLine(before, line), expireTime } };
      }),
    remove: (owner, productId) =>
      change(owner, async (tx, { expireTime }) => {
        await tx.query("DELETE FROM lines WHERE owner = $1 AND product_id = $2", [owner, productId]);
        return { lines: await linesOf(tx, owner), expireTime };
      }),
    clear: (owner) =>
      change(owner, async (tx, { expireTime }) => {
        await tx.query("DELETE FROM lines WHERE owner = $1", [owner]);
        return { lines: [], expireTime };
      }),
    merge: (from, into) =>
      database.transaction(async (tx) => {
        // Always in the same order, so that two merges of the same carts cannot wait for each other.
        const locked = new Map<string, LockedCart>();
        for (const owner of [from, into].toSorted()) locked.set(owner, await lockCart(tx, owner, lifetimeMs));
        if (from !== into) await moveLines(tx, from, into);
        return { lines: await linesOf(tx, into), expireTime: locked.get(into)?.expireTime };
      }),
    removePurchased: (owner, orderId, lines) =>
      database.transaction(async (tx) => {
        const first = await tx.query(
          `INSERT INTO purchases (order_id, expire_time) VALUES ($1, now() + $2 * interval '1 ms') ON CONFLICT DO NOTHING`,
          [orderId, purchaseMemoryMs],
        );
        if (first.rowCount === 1) await subtractLines(tx, owner, lines);
      }),
    purge: (batch) => purgeExpired(database, batch),
  };
}
