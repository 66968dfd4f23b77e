import { median } from "./load.ts";
import type { Measurement } from "./measure.ts";

/** What the rounds found of one call. */
export interface Found {
  readonly name: string;
  readonly concurrency: number;
  /** As many calls as are answered. */
  readonly peak: readonly Measurement[];
  /** At half that rate. */
  readonly half: readonly Measurement[];
}

const HEAD = [
  ["call", "at a time", "requests/s", "CPU µs: shop", "CPU µs: PostgreSQL", "pool wait ms", "p50 ms", "p99 ms"],
  ["---", "---:", "---:", "---:", "---:", "---:", "---:", "---:"],
];

/** The medians as a table in Markdown; latencies are those at half of the peak. */
export function reportOf(found: readonly Found[]): string {
  const rows = found.map(({ name, concurrency, peak, half }) => {
    const of = (rows: readonly Measurement[], key: keyof Measurement, digits: number) =>
      median(rows.map((it) => it[key])).toFixed(digits);
    return [
      name,
      `${concurrency}`,
      of(peak, "callsPerSecond", 0),
      of(peak, "nodeUs", 0),
      of(peak, "postgresUs", 0),
      of(peak, "poolWaitMs", 2),
      of(half, "p50Ms", 1),
      of(half, "p99Ms", 1),
    ];
  });
  const all = [...HEAD, ...rows];
  const widths = HEAD[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  return all.map(line).join("\n");
}
