import type { Database } from "#kit/postgres/database.ts";
import { toVectors } from "./search.postgres.ts";
import { nameKey, type SearchDocument } from "./search.ts";
import { createPostgresStockFeed, type PostgresStockFeed } from "./store.postgres.feed.ts";
import { listProducts } from "./store.postgres.list.ts";
import { COLUMNS, type ProductRow, toProduct } from "./store.postgres.rows.ts";
import { createPostgresStock } from "./store.postgres.stock.ts";
import type { CatalogueStore, Category, ProductContent, ProductStore } from "./store.ts";

type CategoryRow = {
  category_id: string;
  name: string;
  description: string;
  picture: Category["picture"] | null;
  position: number;
};

const CATEGORY_COLUMNS = "category_id, name, description, picture, position";

function toCategory(row: CategoryRow): Category {
  const { category_id: categoryId, name, description, picture, position } = row;
  return { categoryId, name, description, picture: picture ?? undefined, position };
}

// The values of a product's content, $1 to $10.
function contentOf(it: ProductContent, search: SearchDocument): unknown[] {
  const { words, near } = toVectors(search);
  const { name, description, categoryId, price } = it;
  const lists = [JSON.stringify(it.pictures), JSON.stringify(it.attributes)];
  return [name, nameKey(name), description, categoryId, price.currencyCode, price.minorUnits, ...lists, words, near];
}

/**
 * The ids, the last one repeated until there is a power of two of them. A list of values has a form for each length and an
 * array has one, but of an array PostgreSQL does not know the length, and plans it anew every time.
 */
function padded(ids: readonly string[]): readonly string[] {
  const last = ids.at(-1);
  if (last === undefined) return [];
  const length = 2 ** Math.ceil(Math.log2(ids.length));
  return [...ids, ...Array.from({ length: length - ids.length }, () => last)];
}

function createPostgresCatalogue(database: Database, feed: PostgresStockFeed): CatalogueStore {
  return {
    async insertCategory({ categoryId, name, description, picture, position }) {
      const { rowCount } = await database.query(
        "INSERT INTO categories (category_id, name, description, picture, position) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        [categoryId, name, description, picture === undefined ? null : JSON.stringify(picture), position],
      );
      return rowCount === 1;
    },

    async findCategory(categoryId) {
      const { rows } = await database.query<CategoryRow>(
        `SELECT ${CATEGORY_COLUMNS} FROM categories WHERE category_id = $1`,
        [categoryId],
      );
      return rows[0] && toCategory(rows[0]);
    },

    async listCategories() {
      const { rows } = await database.query<CategoryRow & { product_count: number }>(
        `SELECT ${CATEGORY_COLUMNS}, coalesce(n.product_count, 0) AS product_count FROM categories c
         LEFT JOIN (SELECT category_id, count(*) AS product_count FROM products WHERE delete_time IS NULL GROUP BY category_id) n USING (category_id)
         ORDER BY c.position, c.category_id`,
      );
      return rows.map((it) => ({ ...toCategory(it), productCount: it.product_count }));
    },

    async insert(product, search) {
      const { rows } = await database.query<ProductRow>(
        `INSERT INTO products (name, name_key, description, category_id, currency_code, price_minor_units, pictures, attributes, words, near, etag, product_id, stock)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
        [...contentOf(product, search), product.etag, product.productId, product.stock],
      );
      return rows[0] && toProduct(rows[0]);
    },

    async find(productIds) {
      if (productIds.length === 0) return [];
      const ids = padded(productIds);
      const { rows } = await database.query<ProductRow>(
        `SELECT ${COLUMNS} FROM products WHERE product_id IN (${ids.map((_, it) => `$${it + 1}`).join(", ")}) AND delete_time IS NULL`,
        ids,
      );
      return rows.map(toProduct);
    },

    async replace(productId, content, search, ifEtag) {
      const { rows } = await database.query<ProductRow>(
        `UPDATE products SET name = $1, name_key = $2, description = $3, category_id = $4, currency_code = $5, price_minor_units = $6,
           pictures = $7, attributes = $8, words = $9, near = $10, etag = $11, update_time = now()
         WHERE product_id = $12 AND etag = $13 AND delete_time IS NULL RETURNING ${COLUMNS}`,
        [...contentOf(content, search), content.etag, productId, ifEtag],
      );
      return rows[0] && toProduct(rows[0]);
    },

    async remove(productId, ifEtag) {
      const { rows } = await database.query<{ deleted: boolean; done: boolean }>(
        `WITH done AS (
           UPDATE products SET delete_time = now() WHERE product_id = $1 AND delete_time IS NULL AND etag = coalesce($2, etag) RETURNING 1
         ) SELECT delete_time IS NOT NULL AS deleted, EXISTS (SELECT FROM done) AS done FROM products WHERE product_id = $1`,
        [productId, ifEtag ?? null],
      );
      const [row] = rows;
      if (row === undefined) return "not found";
      if (row.done) feed.tell([productId]);
      return row.deleted || row.done ? "deleted" : "etag mismatch";
    },

    list: (query) => listProducts(database, query),
  };
}

/** The shop's catalogue and stock in PostgreSQL. */
export function createPostgresStore(database: Database): ProductStore {
  const feed = createPostgresStockFeed(database);
  return { ...createPostgresCatalogue(database, feed), ...createPostgresStock(database, feed), ...feed };
}
