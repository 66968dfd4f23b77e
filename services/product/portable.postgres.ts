import type { Json } from "#kit/portable/canonical.ts";
import type { Collection } from "#kit/portable/collection.ts";
import { isoTime, rowCollection } from "#kit/portable/rows.ts";
import type { PostgresSession } from "#kit/portable/session.ts";
import type { Queryable } from "#kit/postgres/database.ts";
import { COLLECTIONS, countedExpireMs, type PortableProduct, type PortableReservation } from "./portable.records.ts";
import { toVectors } from "./search.postgres.ts";
import { nameKey, searchDocument } from "./search.ts";

const CATEGORIES = `
  SELECT category_id AS key, jsonb_build_object('categoryId', category_id, 'name', name, 'description', description,
    'picture', picture, 'position', position) AS value
  FROM product.categories`;

const PUT_CATEGORIES = `
  INSERT INTO product.categories (category_id, name, description, picture, position)
  SELECT "categoryId", name, description, nullif(picture, 'null'), position
  FROM jsonb_to_recordset($1::jsonb) AS r("categoryId" text, name text, description text, picture jsonb, position integer)
  ON CONFLICT (category_id) DO UPDATE SET name = EXCLUDED.name, description = EXCLUDED.description,
    picture = EXCLUDED.picture, position = EXCLUDED.position`;

const PRODUCTS = `
  SELECT product_id AS key, jsonb_build_object('productId', product_id, 'name', name, 'description', description,
    'categoryId', category_id, 'currencyCode', currency_code, 'priceMinorUnits', price_minor_units, 'pictures', pictures,
    'attributes', attributes, 'stock', stock, 'soldCount', sold_count, 'etag', etag, 'createTime', ${isoTime("create_time")},
    'updateTime', ${isoTime("update_time")}, 'deleteTime', ${isoTime("delete_time")}) AS value
  FROM product.products`;

const PUT_PRODUCTS = `
  INSERT INTO product.products (product_id, name, name_key, description, category_id, currency_code, price_minor_units, stock,
    sold_count, pictures, attributes, words, near, etag, create_time, update_time, delete_time)
  SELECT "productId", name, "nameKey", description, "categoryId", "currencyCode", "priceMinorUnits", stock, "soldCount",
    pictures, attributes, words::tsvector, near::tsvector, etag, "createTime", "updateTime", "deleteTime"
  FROM jsonb_to_recordset($1::jsonb) AS r("productId" text, name text, "nameKey" text, description text, "categoryId" text,
    "currencyCode" text, "priceMinorUnits" bigint, stock integer, "soldCount" bigint, pictures jsonb, attributes jsonb,
    words text, near text, etag text, "createTime" timestamptz, "updateTime" timestamptz, "deleteTime" timestamptz)
  ON CONFLICT (product_id) DO UPDATE SET name = EXCLUDED.name, name_key = EXCLUDED.name_key,
    description = EXCLUDED.description, category_id = EXCLUDED.category_id, currency_code = EXCLUDED.currency_code,
    price_minor_units = EXCLUDED.price_minor_units, stock = EXCLUDED.stock, sold_count = EXCLUDED.sold_count,
    pictures = EXCLUDED.pictures, attributes = EXCLUDED.attributes, words = EXCLUDED.words, near = EXCLUDED.near,
    etag = EXCLUDED.etag, create_time = EXCLUDED.create_time, update_time = EXCLUDED.update_time,
    delete_time = EXCLUDED.delete_time`;

const RESERVATIONS = `
  SELECT order_id::text AS key, jsonb_build_object('orderId', order_id, 'state', state, 'expireTime', ${isoTime("expire_time")},
    'lines', coalesce((SELECT jsonb_agg(jsonb_build_object('productId', l.product_id, 'quantity', l.quantity, 'name', l.name,
      'currencyCode', l.currency_code, 'unitPriceMinorUnits', l.unit_price_minor_units, 'picture', l.picture) ORDER BY l.position)
      FROM product.reservation_lines l WHERE l.order_id = r.order_id), '[]')) AS value
  FROM product.reservations r`;

const PUT_RESERVATIONS = `
  INSERT INTO product.reservations (order_id, state, expire_time)
  SELECT "orderId", state, "expireTime" FROM jsonb_to_recordset($1::jsonb) AS r("orderId" uuid, state text, "expireTime" timestamptz)
  ON CONFLICT (order_id) DO UPDATE SET state = EXCLUDED.state, expire_time = EXCLUDED.expire_time`;

const DELETE_LINES = "DELETE FROM product.reservation_lines WHERE order_id = ANY($1::text[]::uuid[])";

const PUT_LINES = `
  INSERT INTO product.reservation_lines (order_id, position, product_id, quantity, name, currency_code, unit_price_minor_units, picture)
  SELECT (r.it ->> 'orderId')::uuid, l.position, l.it ->> 'productId', (l.it ->> 'quantity')::integer, l.it ->> 'name',
    l.it ->> 'currencyCode', (l.it ->> 'unitPriceMinorUnits')::bigint, nullif(l.it -> 'picture', 'null')
  FROM jsonb_array_elements($1::jsonb) AS r(it), jsonb_array_elements(r.it -> 'lines') WITH ORDINALITY AS l(it, position)`;

const ADJUSTMENTS = `
  SELECT request_id::text AS key, jsonb_build_object('requestId', request_id, 'productId', product_id, 'delta', delta) AS value
  FROM product.stock_adjustments`;

const PUT_ADJUSTMENTS = `
  INSERT INTO product.stock_adjustments (request_id, product_id, delta)
  SELECT "requestId", "productId", delta
  FROM jsonb_to_recordset($1::jsonb) AS r("requestId" uuid, "productId" text, delta integer)
  ON CONFLICT (request_id) DO UPDATE SET product_id = EXCLUDED.product_id, delta = EXCLUDED.delta`;

const COUNTED_EVENTS = `
  SELECT event_id AS key, jsonb_build_object('eventId', event_id, 'handleTime', ${isoTime("handle_time")}) AS value
  FROM product.handled_events`;

const PUT_COUNTED_EVENTS = `
  INSERT INTO product.handled_events (event_id, handle_time)
  SELECT "eventId", "handleTime" FROM jsonb_to_recordset($1::jsonb) AS r("eventId" text, "handleTime" timestamptz)
  ON CONFLICT (event_id) DO UPDATE SET handle_time = EXCLUDED.handle_time`;

async function putProducts(database: Queryable, products: readonly PortableProduct[]): Promise<void> {
  const { rows } = await database.query<{ category_id: string; name: string }>(
    "SELECT category_id, name FROM product.categories WHERE category_id = ANY($1)",
    [products.map((it) => it.categoryId)],
  );
  const categories = new Map(rows.map((it) => [it.category_id, it.name]));
  const values = products.map((it) => ({
    ...it,
    nameKey: nameKey(it.name),
    ...toVectors(searchDocument(it, categories.get(it.categoryId) ?? "")),
  }));
  await database.query(PUT_PRODUCTS, [JSON.stringify(values)]);
}

async function putReservations(tx: Queryable, reservations: readonly PortableReservation[]): Promise<void> {
  const json = JSON.stringify(reservations);
  await tx.query(PUT_RESERVATIONS, [json]);
  await tx.query(DELETE_LINES, [reservations.map((it) => it.orderId)]);
  await tx.query(PUT_LINES, [json]);
}

/** What product keeps in PostgreSQL. */
export function postgresCollections(database: PostgresSession): readonly Collection[] {
  const putBy = (statement: string) => async (values: readonly Json[]) =>
    void (await database.query(statement, [JSON.stringify(values)]));
  return [
    rowCollection(database, {
      name: COLLECTIONS.categories,
      select: CATEGORIES,
      key: { column: "category_id", type: "text" },
      table: "product.categories",
      put: putBy(PUT_CATEGORIES),
    }),
    rowCollection(database, {
      name: COLLECTIONS.products,
      select: PRODUCTS,
      key: { column: "product_id", type: "text" },
      table: "product.products",
      put: (values) => putProducts(database, values as unknown as PortableProduct[]),
    }),
    rowCollection(database, {
      name: COLLECTIONS.reservations,
      select: RESERVATIONS,
      key: { column: "order_id", type: "uuid" },
      table: "product.reservations",
      put: (values) => database.transaction((tx) => putReservations(tx, values as unknown as PortableReservation[])),
      remove: (keys) =>
        database.transaction(async (tx) => {
          await tx.query(DELETE_LINES, [keys]);
          await tx.query("DELETE FROM product.reservations WHERE order_id = ANY($1::text[]::uuid[])", [keys]);
        }),
    }),
    rowCollection(database, {
      name: COLLECTIONS.adjustments,
      select: ADJUSTMENTS,
      key: { column: "request_id", type: "uuid" },
      table: "product.stock_adjustments",
      put: putBy(PUT_ADJUSTMENTS),
    }),
    rowCollection(database, {
      name: COLLECTIONS.countedEvents,
      select: COUNTED_EVENTS,
      key: { column: "event_id", type: "text" },
      table: "product.handled_events",
      put: putBy(PUT_COUNTED_EVENTS),
      expireMs: countedExpireMs,
    }),
  ];
}
