import type { Portable } from "#kit/portable/portable.ts";
import { outboxCollections, type Row, tableCollection } from "#kit/portable/table.ts";
import type { Queryable } from "#kit/postgres/database.ts";

const schema = "order";

/**
 * A buyer has one checkout under way at most. Those that come displace those that are there, which are over by now: their own rows
 * come as well, before or after.
 */
async function endCheckouts(database: Queryable, rows: readonly Row[]): Promise<void> {
  const underWay = rows.filter((it) => it.step !== "undo" && it.step !== "done");
  await database.query(
    `UPDATE "order".orders o SET step = 'done' FROM unnest($1::text[]::uuid[], $2::text[]::uuid[]) AS r(user_id, order_id)
     WHERE o.user_id = r.user_id AND o.order_id <> r.order_id AND o.step NOT IN ('undo', 'done')`,
    [underWay.map((it) => it.user_id), underWay.map((it) => it.order_id)],
  );
}

/** What order keeps; it is in PostgreSQL wherever the rest is. */
export const portable: Portable = async ({ postgres }) => [
  tableCollection(postgres, { schema, table: "orders", key: ["order_id"], beforePut: endCheckouts }),
  tableCollection(postgres, { schema, table: "refunds", key: ["request_id"] }),
  tableCollection(postgres, { schema, table: "sandbox_methods", key: ["token"] }),
  tableCollection(postgres, { schema, table: "sandbox_charges", key: ["order_id"] }),
  tableCollection(postgres, { schema, table: "sandbox_refunds", key: ["refund_id"] }),
  ...outboxCollections(postgres, schema),
];
