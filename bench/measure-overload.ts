import { setTimeout as wait } from "node:timers/promises";
import type { Caller } from "./contract/caller.ts";
import { callsAtRate, callsInTurn } from "./load/ghz.ts";
import { type GhzCall, type Outcome, outcomeOf } from "./load/ghz-output.ts";
import type { Ports, ServerSetup } from "./process/messages.ts";
import { type Child, startChild } from "./process/start.ts";
import { median, quantile } from "./statistics.ts";
import { type Column, figure, tableOf } from "./table.ts";

/** What was measured at a multiple of the peak rate: medians over the rounds. */
export interface OverloadFigures {
  /** How many times the peak rate was offered. */
  readonly times: number;
  readonly offeredPerSecond: number;
  readonly goodPerSecond: number;
  /** Of the same round's peak, each for the share of the core that other processes left. */
  readonly goodOfPeak: number;
  /** The same of the time before, while the service learns that this is no burst. */
  readonly firstOfPeak: number;
  /** The share of its core that other processes left to the server. */
  readonly core: number;
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
  /** The share of its core that was the server's to use, at the peak and here. */
  readonly peakCore: number;
  readonly core: number;
}

/** Makes calls, and sees from a moment on what share of its core other processes left to the server. */
async function watchCore(
  server: Child<Ports>,
  fromMs: number,
  makeCalls: () => Promise<GhzCall[]>,
): Promise<{ calls: GhzCall[]; core: number }> {
  const now = async () => ({ waitedUs: await server.ask("waited", {}), atMs: performance.now() });
  const from = wait(fromMs).then(now);
  const calls = await makeCalls();
  const [begin, end] = [await from, await now()];
  return { calls, core: 1 - (end.waitedUs - begin.waitedUs) / 1000 / (end.atMs - begin.atMs) };
}

/** Goodput as a share of the peak's, each for the same share of the core. */
function goodOfPeak({ outcome, peak, core, peakCore }: Round): number {
  return outcome.goodPerSecond / core / (peak / peakCore);
}

function figuresOf(times: number, rounds: readonly Round[]): OverloadFigures {
  const of = (value: (round: Round) => number) => median(rounds.map(value));
  const last = rounds.at(-1)?.outcome.refused ?? new Map<string, number>();
  return {
    times,
    core: of((it) => it.core),
    firstOfPeak: of((it) => it.first.goodPerSecond / it.peak),
    offeredPerSecond: of((it) => it.outcome.offeredPerSecond),
    goodPerSecond: of((it) => it.outcome.goodPerSecond),
    goodOfPeak: of(goodOfPeak),
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
      const atPeak = await watchCore(server, PEAK_MS / 4, () => callsInTurn(target, PEAK_MS));
      const peak = outcomeOf(atPeak.calls, PEAK_MS / 4, PEAK_MS).goodPerSecond;
      for (const { times, rounds } of seen) {
        await wait(PAUSE_MS);
        const { calls, core } = await watchCore(server, SETTLE_MS, () => callsAtRate(target, peak * times, RUN_MS));
        rounds.push({
          peak,
          peakCore: atPeak.core,
          first: outcomeOf(calls, 0, SETTLE_MS),
          outcome: outcomeOf(calls, SETTLE_MS, RUN_MS),
          core,
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
    { head: "core free", cell: (it) => `${figure(it.core * 100)} %` },
    { head: "p99 ms of good", cell: (it) => figure(it.p99Ms, 0) },
    { head: "others", cell: (it) => it.others },
  ];
  return tableOf(
    `Overload: ours, full, calls that wait 5 ms and compute 2 ms; good is OK, with a deadline of ${DEADLINE_MS} ms`,
    columns,
    figures,
  );
}
