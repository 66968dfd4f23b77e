import { median } from "../statistics.ts";
import { type Column, figure, tableOf } from "../table.ts";
import type { Measurement } from "./measure.ts";
import { SHOP } from "./running-shop.ts";

/** What the rounds found of one call. */
export interface Found {
  readonly name: string;
  readonly concurrency: number;
  /** As many calls as are answered. */
  readonly peak: readonly Measurement[];
  /** At half that rate. */
  readonly half: readonly Measurement[];
}

type Figure = Exclude<keyof Measurement, "cpuUs">;

/** A column of the rounds' medians. */
export function middle(head: string, at: "peak" | "half", key: Figure, decimals = 0): Column<Found> {
  return { head, cell: (row) => figure(median(row[at].map((it) => it[key])), decimals) };
}

/** Processor time a call of one program; a dash where it does not run. */
export function cpu(head: string, program: string): Column<Found> {
  return { head, cell: (row) => figure(median(row.peak.map((it) => it.cpuUs.get(program) ?? Number.NaN))) };
}

const COLUMNS: readonly Column<Found>[] = [
  { head: "call", cell: (row) => row.name },
  { head: "at a time", cell: (row) => figure(row.concurrency) },
  middle("requests/s", "peak", "callsPerSecond"),
  cpu("CPU µs: shop", SHOP),
  cpu("PostgreSQL", "PostgreSQL"),
  middle("pool wait ms", "peak", "poolWaitMs", 2),
  middle("at half: p50 ms", "half", "p50Ms", 1),
  middle("p99 ms", "half", "p99Ms", 1),
];

/** The medians of the rounds, for people. */
export function reportOf(found: readonly Found[]): string {
  return tableOf("The shop's own calls", COLUMNS, found);
}
