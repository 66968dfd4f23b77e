/** A column: its head, and what stands in it for a row. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
}

/** Rows as text for people: the first column to the left, figures to the right. */
export function tableOf<Row>(title: string, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [columns.map((it) => it.head), ...rows.map((row) => columns.map((it) => it.cell(row)))];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd : cell.padStart).call(cell, widths[column] ?? 0)).join("  "),
  );
  const [head = "", ...body] = lines;
  return ["", title, head, "─".repeat(head.length), ...body].join("\n");
}

const MISSING = "–";

/** A figure with so many decimals and thousands apart; a dash where there is none. */
export function figure(value: number | undefined, decimals = 0): string {
  if (value === undefined || Number.isNaN(value)) return MISSING;
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
