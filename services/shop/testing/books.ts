import { type Document, MongoClient } from "mongodb";
import pg from "pg";

/** Where the pieces of a product are. */
export interface Stock {
  /** On sale. */
  readonly stock: number;
  /** Held for orders that are being paid. */
  readonly held: number;
  readonly sold: number;
}

/** What stands in the shop's stores, read past the services: what must hold for ever is checked by it. */
export interface Books {
  stockOf(productId: string): Promise<Stock>;
  /** Orders whose checkout has a step left to take. */
  unfinished(): Promise<number>;
  /** Orders that were charged wrongly: each paid one its total once, any other nothing in the end. */
  wrongCharges(): Promise<number>;
  /** Lets time pass: what another replica holds on unfinished orders ends now. */
  hurry(): Promise<void>;
  close(): Promise<void>;
}

const WRONG_CHARGES = `
  SELECT count(*)::int FROM "order".orders o FULL JOIN "order".sandbox_charges c USING (order_id)
  WHERE CASE WHEN o.status IN (2, 3, 4) THEN c.status IS DISTINCT FROM 'captured' OR c.refunded <> 0 OR c.amount <> (o.document->'total'->>'minorUnits')::bigint
             ELSE c.status = 'authorized' OR (c.status = 'captured' AND c.refunded <> c.amount) END`;

const STOCK = `
  SELECT p.stock,
    (SELECT coalesce(sum(l.quantity), 0)::int FROM product.reservation_lines l JOIN product.reservations r USING (order_id) WHERE l.product_id = $1 AND r.state = 'held') AS held,
    (SELECT coalesce(sum(l.quantity), 0)::int FROM product.reservation_lines l JOIN product.reservations r USING (order_id) WHERE l.product_id = $1 AND r.state = 'confirmed') AS sold
  FROM product.products p WHERE p.product_id = $1`;

/** Opens the books of a shop, given where it keeps what: product in MongoDB where there is one, the rest in PostgreSQL. */
export async function openBooks(urls: {
  readonly postgresUrl: string;
  readonly mongodbUrl?: string | undefined;
}): Promise<Books> {
  const pool = new pg.Pool({ connectionString: urls.postgresUrl, max: 2 });
  // A server that a test stops cuts off what is idle.
  pool.on("error", () => {});
  const mongo = urls.mongodbUrl === undefined ? undefined : new MongoClient(urls.mongodbUrl);
  const row = async <T>(sql: string, values: unknown[] = []) => (await pool.query(sql, values)).rows[0] as T;
  const count = async (sql: string) => (await row<{ count: number }>(sql)).count;
  return {
    stockOf: (productId) => (mongo === undefined ? row<Stock>(STOCK, [productId]) : stockInMongo(mongo, productId)),
    unfinished: () => count(`SELECT count(*)::int FROM "order".orders WHERE step <> 'done'`),
    wrongCharges: () => count(WRONG_CHARGES),
    async hurry() {
      await pool.query(`UPDATE "order".orders SET due_at = now() WHERE step <> 'done'`);
    },
    async close() {
      await Promise.all([pool.end(), mongo?.close()]);
    },
  };
}

interface ReservationDocument extends Document {
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
}

/** The stock by the product's document, what is held and sold by the reservations': neither may say what the other does not. */
async function stockInMongo(mongo: MongoClient, productId: string): Promise<Stock> {
  const database = mongo.db();
  const pieces = async (state: string) => {
    const found = database.collection<ReservationDocument>("product.reservations").find({ state });
    let sum = 0;
    for await (const { lines } of found) for (const it of lines) if (it.productId === productId) sum += it.quantity;
    return sum;
  };
  const product = await database
    .collection<{ _id: string; stock: number }>("product.products")
    .findOne({ _id: productId });
  if (product === null) throw new Error(`There is no product ${productId} in MongoDB`);
  return { stock: product.stock, held: await pieces("held"), sold: await pieces("confirmed") };
}
