import { setTimeout as wait } from "node:timers/promises";
import type { Caller } from "./contract/caller.ts";
import { callsAtRate, callsInTurn } from "./load/ghz.ts";
import { type Outcome, outcomeOf } from "./load/ghz-output.ts";
import type { Ports, ServerSetup } from "./process/messages.ts";
import { startChild } from "./process/start.ts";
import { median, quantile } from "./shop/load.ts";
import { type Column, figure, tableOf } from "./table.ts";

/** What was measured at a multiple of the peak rate: medians over the rounds. */
export interface OverloadFigures {
  /** How many times the peak rate was offered. */
  readonly times: number;
  readonly offeredPerSecond: number;
  readonly goodPerSecond: number;
  /** Goodput of the same round's peak. */
  readonly goodOfPeak: number;
  /** The same of the time before, while the service learns that this is no burst. */
  readonly firstOfPeak: number;
  readonly busy: number;
  readonly p99Ms: number;
  /** What became of the others in the last round. */
  readonly others: string;
}

const TIMES = [1, 2, 3] as const;
// Some two milliseconds of CPU a call on a processor of today.
const WORK_ROUNDS = 40;
const DEADLINE_MS = 500;
const PEAK_MS = 6_000;
const RUN_MS = 12_000;
// A service takes a moment to learn that a burst is none; that is shown in a column of its own.
const SETTLE_MS = 4_000;
const PAUSE_MS = 1_000;

interface Round {
  /** Goodput of the closed loop before, a second. */
  readonly peak: number;
  readonly first: Outcome;
  readonly outcome: Outcome;
  /** The share of its core that the server used. */
  readonly busy: number;
}

function figuresOf(times: number, rounds: readonly Round[]): OverloadFigures {
  const of = (value: (round: Round) => number) => median(rounds.map(value));
  const last = rounds.at(-1)?.outcome.refused ?? new Map<string, number>();
  return {
    times,
    busy: of((it) => it.busy),
    firstOfPeak: of((it) => it.first.goodPerSecond / it.peak),
    offeredPerSecond: of((it) => it.outcome.offeredPerSecond),
    goodPerSecond: of((it) => it.outcome.goodPerSecond),
    goodOfPeak: of((it) => it.outcome.goodPerSecond / it.peak),
    p99Ms: of((it) => quantile(it.outcome.latenciesMs, 0.99)),
    others: [...last].map(([status, count]) => `${count} ${status}`).join(", ") || "none",
  };
}

/** Offers our whole server, with calls that cost something, more than it can do. */
export async function measureOverload({ headers, trust }: Caller, rounds: number): Promise<OverloadFigures[]> {
  const setup: ServerSetup = { trust, workRounds: WORK_ROUNDS };
  const server = await startChild<Ports>("servers/kit-work.ts", setup, "server");
  try {
    const target = { port: server.ready.h2 ?? 0, headers, deadlineMs: DEADLINE_MS };
    await callsInTurn(target, PEAK_MS);
    const seen = TIMES.map((times) => ({ times, rounds: [] as Round[] }));
    for (let round = 0; round < rounds; round++) {
      const peak = outcomeOf(await callsInTurn(target, PEAK_MS), PEAK_MS / 4, PEAK_MS).goodPerSecond;
      for (const { times, rounds } of seen) {
        await wait(PAUSE_MS);
        const before = await server.ask("cpu", {});
        const beginMs = performance.now();
        const calls = await callsAtRate(target, peak * times, RUN_MS);
        const elapsedMs = performance.now() - beginMs;
        rounds.push({
          peak,
          first: outcomeOf(calls, 0, SETTLE_MS),
          outcome: outcomeOf(calls, SETTLE_MS, RUN_MS),
          busy: ((await server.ask("cpu", {})) - before) / 1000 / elapsedMs,
        });
      }
    }
    return seen.map((it) => figuresOf(it.times, it.rounds));
  } finally {
    await server.stop();
  }
}

/** The table of the overload. */
export function overloadTable(figures: readonly OverloadFigures[]): string {
  const columns: Column<OverloadFigures>[] = [
    { head: "offered", cell: (it) => `${it.times} × peak` },
    { head: "calls/s", cell: (it) => figure(it.offeredPerSecond) },
    { head: "good/s", cell: (it) => figure(it.goodPerSecond) },
    { head: "good of peak", cell: (it) => figure(it.goodOfPeak, 2) },
    { head: `first ${SETTLE_MS / 1000} s`, cell: (it) => figure(it.firstOfPeak, 2) },
    { head: "core busy", cell: (it) => `${figure(it.busy * 100)} %` },
    { head: "p99 ms of good", cell: (it) => figure(it.p99Ms, 0) },
    { head: "others", cell: (it) => it.others },
  ];
  return tableOf(
    `Overload: ours, full, calls that wait 5 ms and compute 2 ms; good is OK within ${DEADLINE_MS} ms`,
    columns,
    figures,
  );
}
