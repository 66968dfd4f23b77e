import type { Collection } from "#kit/portable/collection.ts";
import { isoTime, rowCollection } from "#kit/portable/rows.ts";
import type { PostgresSession } from "#kit/portable/session.ts";
import type { Queryable } from "#kit/postgres/database.ts";
import { COLLECTIONS, expireMs, type PortableCart } from "./portable.records.ts";

const CARTS = `
  SELECT owner::text AS key, jsonb_build_object('owner', owner, 'expireTime', ${isoTime("expire_time")},
    'requestIds', to_jsonb(request_ids),
    'lines', coalesce((SELECT jsonb_agg(jsonb_build_object('productId', l.product_id, 'quantity', l.quantity) ORDER BY l.position)
      FROM cart.lines l WHERE l.owner = c.owner), '[]')) AS value
  FROM cart.carts c`;

const PUT_CARTS = `
  INSERT INTO cart.carts (owner, expire_time, request_ids)
  SELECT owner, "expireTime", coalesce((SELECT array_agg(it::uuid ORDER BY n) FROM jsonb_array_elements_text("requestIds") WITH ORDINALITY AS q(it, n)), '{}')
  FROM jsonb_to_recordset($1::jsonb) AS r(owner uuid, "expireTime" timestamptz, "requestIds" jsonb)
  ON CONFLICT (owner) DO UPDATE SET expire_time = EXCLUDED.expire_time, request_ids = EXCLUDED.request_ids`;

// Positions are given out in the order of the lines.
const PUT_LINES = `
  INSERT INTO cart.lines (owner, product_id, quantity)
  SELECT (r.it ->> 'owner')::uuid, l.it ->> 'productId', (l.it ->> 'quantity')::integer
  FROM jsonb_array_elements($1::jsonb) AS r(it), jsonb_array_elements(r.it -> 'lines') WITH ORDINALITY AS l(it, position)
  ORDER BY l.position`;

// Where carts are not in PostgreSQL, a purchase is kept beside the buyer's cart: whose it is, is known from the order.
const PURCHASES = `
  SELECT order_id::text AS key, jsonb_build_object('orderId', order_id, 'owner', o.user_id, 'expireTime', ${isoTime("expire_time")}) AS value
  FROM cart.purchases JOIN "order".orders o USING (order_id)`;

const PUT_PURCHASES = `
  INSERT INTO cart.purchases (order_id, expire_time)
  SELECT "orderId", "expireTime" FROM jsonb_to_recordset($1::jsonb) AS r("orderId" uuid, "expireTime" timestamptz)
  ON CONFLICT (order_id) DO UPDATE SET expire_time = EXCLUDED.expire_time`;

async function putCarts(tx: Queryable, carts: readonly PortableCart[]): Promise<void> {
  const json = JSON.stringify(carts);
  await tx.query(PUT_CARTS, [json]);
  await tx.query("DELETE FROM cart.lines WHERE owner = ANY($1::text[]::uuid[])", [carts.map((it) => it.owner)]);
  await tx.query(PUT_LINES, [json]);
}

// What is over counts as gone, though its rows may still be there.
const ALIVE = "expire_time > now()";

/** What cart keeps in PostgreSQL. */
export function postgresCollections(database: PostgresSession): readonly Collection[] {
  return [
    rowCollection(database, {
      name: COLLECTIONS.carts,
      select: CARTS,
      key: { column: "owner", type: "uuid" },
      table: "cart.carts",
      where: ALIVE,
      put: (values) => database.transaction((tx) => putCarts(tx, values as unknown as PortableCart[])),
      expireMs,
    }),
    rowCollection(database, {
      name: COLLECTIONS.purchases,
      select: PURCHASES,
      key: { column: "order_id", type: "uuid" },
      table: "cart.purchases",
      where: ALIVE,
      put: async (values) => void (await database.query(PUT_PURCHASES, [JSON.stringify(values)])),
      expireMs,
    }),
  ];
}
