import type { Queryable } from "../postgres/database.ts";
import type { Json } from "./canonical.ts";
import { BATCH_RECORDS, type Collection, type Entry } from "./collection.ts";

/** A kind of record that PostgreSQL keeps in columns and tables of its own choice. */
export interface RowSpec {
  readonly name: string;
  /** A statement for rows with `key` (text) and `value` (json); keys are those of an index, so that `key > …` finds a place in it. */
  readonly select: string;
  /** The column that `key` is, and its type, as conditions name it. */
  readonly key: { readonly column: string; readonly type: "text" | "uuid" };
  /** The table that is counted, and that records are taken out of. */
  readonly table: string;
  /** What else of the rows to read: "expire_time > now()". */
  readonly where?: string;
  put(values: readonly Json[]): Promise<void>;
  /** Left out: the rows with the keys are deleted from the table. */
  readonly remove?: (keys: readonly string[]) => Promise<void>;
  readonly finish?: () => Promise<void>;
  readonly expireMs?: (value: Json) => number | undefined;
}

/** Such records as a collection; they are read in the order of their keys. */
export function rowCollection(database: Queryable, spec: RowSpec): Collection {
  const { name, select, table, key, expireMs, finish } = spec;
  const conditions = (...more: string[]) => {
    const all = [...(spec.where === undefined ? [] : [spec.where]), ...more];
    return all.length === 0 ? "" : `WHERE ${all.join(" AND ")}`;
  };
  const query = async (text: string, values: readonly unknown[]) =>
    (await database.query<Entry & { key: string }>(text, values)).rows;
  return {
    name,
    version: 1,
    async count() {
      return (await database.query<{ n: number }>(`SELECT count(*) AS n FROM ${table} ${conditions()}`)).rows[0]?.n;
    },
    async *read() {
      let after: string | undefined;
      for (;;) {
        const place = after === undefined ? [] : [`${key.column} > $1::text::${key.type}`];
        const entries = await query(
          `${select} ${conditions(...place)} ORDER BY ${key.column} LIMIT ${BATCH_RECORDS}`,
          after === undefined ? [] : [after],
        );
        if (entries.length > 0) yield entries;
        if (entries.length < BATCH_RECORDS) return;
        after = entries.at(-1)?.key;
      }
    },
    get: (keys) => query(`${select} ${conditions(`${key.column} = ANY($1::text[]::${key.type}[])`)}`, [keys]),
    put: (entries) => spec.put(entries.map((it) => it.value)),
    async remove(keys) {
      if (spec.remove !== undefined) return spec.remove(keys);
      await database.query(`DELETE FROM ${table} WHERE ${key.column} = ANY($1::text[]::${key.type}[])`, [keys]);
    },
    ...(expireMs !== undefined && { expireMs }),
    ...(finish !== undefined && { finish }),
  };
}

/** The SQL for a time as records have it: ISO 8601 in UTC with milliseconds. */
export function isoTime(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
