const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\s*\n\s*/g, " ");
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

/** A table, or nothing where it has no rows. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  return [row(...headings), row(...headings.map(() => "---")), ...rows.map((it) => row(...it)), ""];
}

/** A heading that links can name by the full name of what it is about. */
export function heading(level: number, title: string, id: string): string[] {
  return [`<a id="${id}"></a>`, "", `${"#".repeat(level)} ${title}`, ""];
}

export const link = (title: string, id: string): string => `[${title}](#${id})`;
