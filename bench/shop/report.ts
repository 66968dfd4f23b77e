import { median } from "../statistics.ts";
import { type Column, figure, tableOf } from "../table.ts";
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

function middle(head: string, at: "peak" | "half", key: keyof Measurement, decimals = 0): Column<Found> {
  return { head, cell: (row) => figure(median(row[at].map((it) => it[key])), decimals) };
}

const COLUMNS: readonly Column<Found>[] = [
  { head: "call", cell: (row) => row.name },
  { head: "at a time", cell: (row) => figure(row.concurrency) },
  middle("requests/s", "peak", "callsPerSecond"),
  middle("CPU µs: shop", "peak", "nodeUs"),
  middle("PostgreSQL", "peak", "postgresUs"),
  middle("pool wait ms", "peak", "poolWaitMs", 2),
  middle("at half: p50 ms", "half", "p50Ms", 1),
  middle("p99 ms", "half", "p99Ms", 1),
];

/** The medians of the rounds, for people. */
export function reportOf(found: readonly Found[]): string {
  return tableOf("The shop's own calls", COLUMNS, found);
}
