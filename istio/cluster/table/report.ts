import type { TableResult } from "./run.ts";

/** So many wrong cells are named; the report says how many there are. */
export const FAULTS_SHOWN = 20;

const lines: string[] = [];

/** Notes the result of a run of the table. */
export function report(run: string, { cells, faults, refusedBy }: TableResult): void {
  const { mesh, process, nobody } = refusedBy;
  lines.push(
    `${run}: ${cells} calls, ${mesh} refused by the mesh, ${process} by the process, ${nobody} let through, ${faults.length} wrong`,
  );
}

/** What the README quotes. */
export function printReport(): void {
  console.log(["The table of who may call what:", ...lines.map((it) => `  ${it}`)].join("\n"));
}
