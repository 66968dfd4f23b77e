import type { Queryable } from "../postgres/database.ts";
import { BATCH_RECORDS, type Collection, type Entry } from "./collection.ts";

/** A table that moves row by row: it is in PostgreSQL on both sides. */
export interface TableSpec {
  readonly schema: string;
  readonly table: string;
  /** The columns of its primary key. */
  readonly key: readonly string[];
  /** Columns that belong to a process, not to the shop; they get their defaults. */
  readonly omit?: readonly string[];
  /** Makes room for rows that come, where another constraint than the primary key could refuse them. */
  readonly beforePut?: (database: Queryable, rows: readonly Row[]) => Promise<void>;
}

/** A row: each column as PostgreSQL writes it, so that nothing is lost on the way. */
export type Row = Readonly<Record<string, string | null>>;

interface Column {
  readonly name: string;
  readonly type: string;
  readonly identity: boolean;
}

const COLUMNS = `
  SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attidentity <> '' AS identity
  FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
  ORDER BY attnum`;

const quoted = (name: string) => `"${name}"`;

/** Of one column the value itself, of several a list of them. */
function keyOf(values: readonly (string | null | undefined)[]): string {
  return values.length === 1 ? (values[0] ?? "") : JSON.stringify(values);
}

function partsOf(key: string, spec: TableSpec): string[] {
  return spec.key.length === 1 ? [key] : (JSON.parse(key) as string[]);
}

/** One list of values for each column of the key. */
function keyLists(keys: readonly string[], spec: TableSpec): string[][] {
  const rows = keys.map((it) => partsOf(it, spec));
  return spec.key.map((_, column) => rows.map((it) => it[column] ?? ""));
}

/** A table's rows as records; they are read in the order of the key. */
export function tableCollection(database: Queryable, spec: TableSpec): Collection {
  const table = `${quoted(spec.schema)}.${quoted(spec.table)}`;
  let found: Promise<readonly Column[]> | undefined;
  const columns = () => {
    found ??= database
      .query<{ name: string; type: string; identity: boolean }>(COLUMNS, [table])
      .then(({ rows }) => rows.filter((it) => !spec.omit?.includes(it.name)));
    return found;
  };
  const keyColumns = spec.key.map((it) => `t.${quoted(it)}`).join(", ");
  const typeOf = (all: readonly Column[], name: string) => {
    const type = all.find((it) => it.name === name)?.type;
    if (type === undefined)
      throw new Error(`${spec.schema}.${spec.table} has no column "${name}": the records are of a newer version`);
    return type;
  };
  const selected = async () => {
    const all = await columns();
    return all.map(({ name }) => `t.${quoted(name)}::text AS ${quoted(name)}`).join(", ");
  };
  const entryOf = (row: Row): Entry => ({ key: keyOf(spec.key.map((it) => row[it])), value: row });
  /** A condition that a row's key is among lists given as $1, $2, …. */
  const amongKeys = async () => {
    const all = await columns();
    const lists = spec.key.map((it, index) => `$${index + 1}::text[]::${typeOf(all, it)}[]`).join(", ");
    return `(${keyColumns}) IN (SELECT * FROM unnest(${lists}))`;
  };

  async function putAlike(rows: readonly Row[], names: readonly string[]): Promise<void> {
    const all = await columns();
    const list = names.map(quoted).join(", ");
    const casts = names.map((it) => `r.${quoted(it)}::${typeOf(all, it)}`).join(", ");
    const changes = names.filter((it) => !spec.key.includes(it)).map((it) => `${quoted(it)} = EXCLUDED.${quoted(it)}`);
    await database.query(
      `INSERT INTO ${table} (${list}) OVERRIDING SYSTEM VALUE
       SELECT ${casts} FROM unnest(${names.map((_, index) => `$${index + 1}::text[]`).join(", ")}) AS r(${list})
       ON CONFLICT (${spec.key.map(quoted).join(", ")}) DO ${changes.length > 0 ? `UPDATE SET ${changes.join(", ")}` : "NOTHING"}`,
      names.map((name) => rows.map((it) => it[name] ?? null)),
    );
  }

  return {
    name: `${spec.schema}.${spec.table}`,
    version: 1,
    async count() {
      return (await database.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n;
    },
    async *read() {
      const all = await columns();
      const list = await selected();
      let after: string[] | undefined;
      for (;;) {
        const places = spec.key.map((it, index) => `$${index + 1}::text::${typeOf(all, it)}`).join(", ");
        const where = after === undefined ? "" : `WHERE (${keyColumns}) > (${places})`;
        const { rows } = await database.query<Row>(
          `SELECT ${list} FROM ${table} t ${where} ORDER BY ${keyColumns} LIMIT ${BATCH_RECORDS}`,
          after ?? [],
        );
        const entries = rows.map(entryOf);
        if (entries.length > 0) yield entries;
        const last = entries.at(-1);
        if (last === undefined || entries.length < BATCH_RECORDS) return;
        after = partsOf(last.key, spec);
      }
    },
    async get(keys) {
      const { rows } = await database.query<Row>(
        `SELECT ${await selected()} FROM ${table} t WHERE ${await amongKeys()}`,
        keyLists(keys, spec),
      );
      return rows.map(entryOf);
    },
    async put(entries) {
      const rows = entries.map((it) => it.value as Row);
      await spec.beforePut?.(database, rows);
      // Of one version all rows have the same columns.
      for (const [names, its] of Map.groupBy(rows, (it) => Object.keys(it).sort().join("\n")))
        await putAlike(its, names.split("\n"));
    },
    async remove(keys) {
      await database.query(`DELETE FROM ${table} t WHERE ${await amongKeys()}`, keyLists(keys, spec));
    },
    async finish() {
      for (const { name } of (await columns()).filter((it) => it.identity))
        await database.query(
          `SELECT setval(pg_get_serial_sequence($1, $2), greatest(max(${quoted(name)}), 1), max(${quoted(name)}) IS NOT NULL) FROM ${table}`,
          [table, name],
        );
    },
  };
}

/** What every service that publishes events has beside its own tables. */
export function outboxCollections(database: Queryable, schema: string): Collection[] {
  return ["outbox", "dead_letters"].map((table) => tableCollection(database, { schema, table, key: ["id"] }));
}
