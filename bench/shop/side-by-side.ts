import { median } from "../statistics.ts";
import { type Column, figure, tableOf } from "../table.ts";
import { type MeasuredCall, measuredCalls } from "./calls.ts";
import { type Measurement, measure } from "./measure.ts";
import { memoryOf } from "./memory.ts";
import type { People } from "./people.ts";
import { totalUs } from "./processor-time.ts";
import { cpu, type Found, middle } from "./report.ts";
import type { RunningShop } from "./running-shop.ts";

/** A shop on some engines, among those that are compared. */
export interface Side {
  readonly name: string;
  readonly shop: RunningShop;
  readonly people: People;
}

interface Row extends Found {
  readonly side: string;
}

/** How long is measured. */
export interface Rounds {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly say: (text: string) => void;
}

/** One call on every side: each at its peak, then all at half of the lowest peak, so that latencies are those of the same rate. */
async function round(sides: readonly { side: Side; call: MeasuredCall; row: Row }[], seconds: number): Promise<void> {
  const peaks: number[] = [];
  for (const { side, call, row } of sides) {
    const measured = await measure(side.shop, call, { seconds });
    (row.peak as Measurement[]).push(measured);
    peaks.push(measured.callsPerSecond);
  }
  const rate = Math.min(...peaks) / 2;
  for (const { side, call, row } of sides)
    (row.half as Measurement[]).push(await measure(side.shop, call, { seconds, rate }));
}

/** Measures the calls named on all sides, which take turns in who comes first. @returns the tables */
export async function compare(sides: readonly Side[], names: readonly string[], options: Rounds): Promise<string> {
  const { rounds, seconds, warmUpSeconds, say } = options;
  const calls = new Map(sides.map((side) => [side, measuredCalls(side.shop, side.people)]));
  const rows: Row[] = [];
  for (const name of names) {
    const found = sides.map((side) => {
      const call = calls.get(side)?.find((it) => it.name.startsWith(name));
      if (call === undefined) throw new Error(`There is no call ${name}`);
      const row: Row = { side: side.name, name: call.name, concurrency: call.concurrency, peak: [], half: [] };
      rows.push(row);
      return { side, call, row };
    });
    for (const { side, call } of found) await measure(side.shop, call, { seconds: warmUpSeconds });
    for (let count = 1; count <= rounds; count++) {
      say(`${name}: round ${count} of ${rounds}`);
      await round(count % 2 === 1 ? found : found.toReversed(), seconds);
    }
  }
  return [callsTable(rows), processorTable(rows, sides), memoryTable(sides)].join("\n");
}

const HEAD: readonly Column<Row>[] = [
  { head: "call", cell: (row) => row.name },
  { head: "on", cell: (row) => row.side },
];

function callsTable(rows: readonly Row[]): string {
  const first = (row: Row) => rows.find((it) => it.name === row.name) ?? row;
  const peak = (row: Row) => median(row.peak.map((it) => it.callsPerSecond));
  const columns: readonly Column<Row>[] = [
    ...HEAD,
    middle("requests/s", "peak", "callsPerSecond"),
    { head: "×", cell: (row) => figure(peak(row) / peak(first(row)), 2) },
    { head: "CPU µs, all", cell: (row) => figure(median(row.peak.map((it) => totalUs(it.cpuUs)))) },
    middle("same rate: p50 ms", "half", "p50Ms", 1),
    middle("p99 ms", "half", "p99Ms", 1),
  ];
  return tableOf("The same load", columns, rows);
}

function processorTable(rows: readonly Row[], sides: readonly Side[]): string {
  const programs = [...new Set(sides.flatMap((it) => [...it.shop.programs.keys()]))];
  return tableOf("CPU µs a call, by process", [...HEAD, ...programs.map((it) => cpu(it, it))], rows);
}

function memoryTable(sides: readonly Side[]): string {
  const rows = sides.flatMap(({ name, shop }) =>
    [...memoryOf(shop.programs)].map(([program, mib]) => ({ program, name, mib })),
  );
  return tableOf(
    "Memory after the load, MiB",
    [
      { head: "process", cell: (it) => it.program },
      { head: "shop on", cell: (it) => it.name },
      { head: "MiB", cell: (it) => figure(it.mib) },
    ],
    rows,
  );
}
