import type pg from "pg";

/** A statement as the driver takes it. */
export type Statement = (text: string, values?: readonly unknown[]) => pg.QueryConfig;

/** Statements kept ready on each connection; what is put together from parts may have more forms, and the rest is sent anew. */
const PREPARED_MAX = 200;

/** Statements as they are, parsed and planned each time. */
export const unprepared: Statement = (text, values = []) => ({ text, values: values as unknown[] });

/** Statements with a name: they stay prepared on each connection. */
export function createPrepared(): Statement {
  const names = new Map<string, string>();
  return (text, values) => {
    let name = names.get(text);
    if (name === undefined && names.size < PREPARED_MAX) {
      name = `s${names.size}`;
      names.set(text, name);
    }
    return { ...unprepared(text, values), ...(name !== undefined && { name }) };
  };
}
