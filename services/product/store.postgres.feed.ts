import type { Database } from "#kit/postgres/database.ts";
import type { StockFeed } from "./store.ts";

/** The feed, and the way to tell others of it. */
export interface PostgresStockFeed extends StockFeed {
  /** Pieces of these products changed, and the transaction that did it is done. */
  tell(productIds: Iterable<string>): void;
}

/** The channel on which the ids of products are told whose pieces changed, with blanks between them. */
const STOCK_CHANGED = "stock_changed";
/**
 * What changes within this time is told at once. PostgreSQL lets one transaction at a time tell something, so that orders
 * would wait for each other if each one told it by itself.
 */
const GATHER_MS = 50;
/** A message holds 8,000 bytes, and an id has 64 at most. */
const IDS_MAX = 100;

/** Pieces on sale as PostgreSQL tells of them: by NOTIFY, soon after each change. */
export function createPostgresStockFeed(database: Database): PostgresStockFeed {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const tellAll = async () => {
    timer = undefined;
    const ids = [...changed];
    changed.clear();
    for (let from = 0; from < ids.length; from += IDS_MAX)
      await database.query("SELECT pg_notify($1, $2)", [STOCK_CHANGED, ids.slice(from, from + IDS_MAX).join(" ")]);
  };
  return {
    tell(productIds) {
      for (const it of productIds) changed.add(it);
      // Who watches also looks by himself now and then: a message that is lost with the database is not missed for long.
      if (changed.size === 0 || timer !== undefined) return;
      timer = setTimeout(() => void tellAll().catch(() => {}), GATHER_MS).unref();
    },
    async readStock(productIds) {
      const { rows } = await database.query<{ product_id: string; stock: number }>(
        "SELECT product_id, stock FROM products WHERE product_id = ANY($1) AND delete_time IS NULL",
        [productIds],
      );
      return new Map(rows.map((it) => [it.product_id, it.stock]));
    },
    onStockChange: (onChange) => database.listen(STOCK_CHANGED, (ids) => onChange(ids?.split(" "))),
  };
}
