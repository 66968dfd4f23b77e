/** A column: its heading, and how wide it may become before its cells are wrapped. */
export interface Column {
  readonly heading: string;
  readonly widthMax: number;
}

const GAP = "  ";

/** Lines of at most this width, broken between words; a longer word keeps a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** How wide each column of all these rows has to be. */
export function widthsOf(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ heading, widthMax }, at) => {
    const cells = [heading, ...rows.map((row) => row[at] ?? "")];
    const lines = cells.flatMap((cell) => wrap(cell, widthMax));
    return Math.max(...lines.map((it) => it.length));
  });
}

/** One row as lines: cells padded to their columns, long ones over several lines. */
export function rowLines(widths: readonly number[], row: readonly string[]): string[] {
  const cells = widths.map((width, at) => wrap(row[at] ?? "", width));
  const height = Math.max(...cells.map((it) => it.length));
  return Array.from({ length: height }, (_, line) =>
    widths
      .map((width, at) => (cells[at]?.[line] ?? "").padEnd(width))
      .join(GAP)
      .trimEnd(),
  );
}
