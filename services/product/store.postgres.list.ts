import { currentCall } from "#kit/call.ts";
import type { Database, Queryable } from "#kit/postgres/database.ts";
import { allOf, toTermQueries, toWholeWordsQuery, type Vectors } from "./search.postgres.ts";
import type { SearchTerms } from "./search.ts";
import { COLUMNS, type ProductRow, toProduct } from "./store.postgres.rows.ts";
import type { Listed, ListQuery, Order, Place, ProductFilter } from "./store.ts";

/** Gathers a statement's values: `$1`, `$2`, …. */
function createValues() {
  const values: unknown[] = [];
  return { values, add: (value: unknown, type: string) => `$${values.push(value)}::${type}` };
}
type Values = ReturnType<typeof createValues>;

// Words of the description, (unused), details, name.
const WEIGHTS = "'{0.05, 0.1, 0.3, 1}'::float4[]";
const SCORE_STEPS = 1_000_000;

function match({ terms, allowTypos }: SearchTerms, { add }: Values): string {
  const queries = terms.map(toTermQueries);
  if (queries.length === 0) return "false";
  if (!allowTypos) return `words @@ ${add(allOf(queries.map((it) => it.words)), "tsquery")}`;
  return queries
    .map((it) => `(words @@ ${add(it.words, "tsquery")} OR near @@ ${add(it.near, "tsquery")})`)
    .join(" AND ");
}

function conditions(filter: ProductFilter, values: Values): string {
  const { add } = values;
  const all = ["delete_time IS NULL"];
  const { terms, categoryId, minPrice, maxPrice, inStockOnly } = filter;
  if (terms !== undefined) all.push(match(terms, values));
  if (categoryId !== undefined) all.push(`category_id = ${add(categoryId, "text")}`);
  if (minPrice !== undefined) all.push(`price_minor_units >= ${add(minPrice, "bigint")}`);
  if (maxPrice !== undefined) all.push(`price_minor_units <= ${add(maxPrice, "bigint")}`);
  if (inStockOnly) all.push("stock > 0");
  return all.join(" AND ");
}

// A whole number, so that a page token holds the exact value. It depends on product and query alone, never on other products.
function score({ terms }: ProductFilter, { add }: Values): string {
  if (terms === undefined || terms.terms.length === 0) return "0::bigint";
  const queries = terms.terms.map(toTermQueries);
  const rank = (column: keyof Vectors, query: string) => `ts_rank(${WEIGHTS}, ${column}, ${add(query, "tsquery")})`;
  const ranks = [rank("words", allOf(queries.map((it) => it.words))), rank("words", toWholeWordsQuery(terms.terms))];
  if (terms.allowTypos) ranks.push(rank("near", allOf(queries.map((it) => it.near))));
  return `((${ranks.join(" + ")}) * ${SCORE_STEPS})::bigint`;
}

// Products that sold equally well stand mixed and not by the alphabet: the low bits are a hash of the id.
const POPULARITY = "(sold_count * 1048576 + (hashtextextended(product_id, 0) & 1048575))";

const SORTS: Readonly<
  Record<Exclude<Order, "relevance">, { column: string; type: string; direction: "ASC" | "DESC" }>
> = {
  popular: { column: POPULARITY, type: "bigint", direction: "DESC" },
  newest: { column: "create_time", type: "timestamptz", direction: "DESC" },
  price_ascending: { column: "price_minor_units", type: "bigint", direction: "ASC" },
  price_descending: { column: "price_minor_units", type: "bigint", direction: "DESC" },
  name: { column: "name_key", type: "text", direction: "ASC" },
};

function sortOf({ order, filter }: ListQuery, values: Values) {
  return order === "relevance"
    ? { column: score(filter, values), type: "bigint", direction: "DESC" as const }
    : SORTS[order];
}

/** A page of products and the number of all that match, in one statement. */
async function listWith(database: Queryable, query: ListQuery): Promise<Listed> {
  const values = createValues();
  const where = conditions(query.filter, values);
  const { column, type, direction } = sortOf(query, values);
  const behind = (place: Place) => {
    const key = query.order === "newest" ? new Date(place.key) : place.key;
    return ` AND (${column}, product_id) ${direction === "ASC" ? ">" : "<"} (${values.add(key, type)}, ${values.add(place.productId, "text")})`;
  };
  const after = query.after === undefined ? "" : behind(query.after);
  // Joined from the count, so that it comes even when the page is empty.
  const { rows } = await database.query<Partial<ProductRow> & { total_size: number; sort_key: number | string | Date }>(
    `SELECT total.total_size, page.* FROM (SELECT count(*) AS total_size FROM products WHERE ${where}) total
     LEFT JOIN (
       SELECT ${COLUMNS}, ${column} AS sort_key FROM products WHERE ${where}${after}
       ORDER BY ${column} ${direction}, product_id ${direction} LIMIT ${values.add(query.limit, "integer")}
     ) page ON true ORDER BY page.sort_key ${direction}, page.product_id ${direction}`,
    values.values,
  );
  const items = rows.flatMap((row) => {
    if (row.product_id === undefined || row.product_id === null) return [];
    const key = row.sort_key instanceof Date ? row.sort_key.getTime() : row.sort_key;
    return [{ product: toProduct(row as ProductRow), place: { key, productId: row.product_id } }];
  });
  return { items, totalSize: rows[0]?.total_size ?? 0 };
}

/** A page of products and the number of all that match. */
export function listProducts(database: Database, query: ListQuery): Promise<Listed> {
  // Shoppers do not notice a product that came a moment ago; whoever has just made it does.
  const isAdmin = currentCall()?.user?.role === "admin";
  if (query.filter.terms?.allowTypos !== true) return listWith(isAdmin ? database : database.replica, query);
  return database.transaction(async (tx) => {
    // The planner knows the size of the table, not of the vectors it would have to unpack to read it through.
    await tx.query("SET LOCAL enable_seqscan = off");
    return listWith(tx, query);
  });
}
