import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../statistics.ts";
import type { MeasuredCall } from "./calls.ts";
import type { LoadResult } from "./load.ts";
import { poolWaitMs } from "./pool-waits.ts";
import { type ProcessorTime, processorTime, totalUs, used } from "./processor-time.ts";
import type { RunningShop } from "./running-shop.ts";

/** One measurement of a call. */
export interface Measurement {
  readonly callsPerSecond: number;
  /** Processor time a call by program, in microseconds. */
  readonly cpuUs: ProcessorTime;
  /** Milliseconds a call that were waited for a connection to PostgreSQL. */
  readonly poolWaitMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** How calls are made: as many as are answered, or at a rate (calls a second). */
export interface MeasureOptions {
  readonly seconds: number;
  readonly rate?: number;
}

const CONNECTIONS = 4;
/** At a rate, a call that waits must not hold the next one back. */
const OPEN_CONCURRENCY = 64;
const REST_POLL_MS = 200;
const REST_MAX_MS = 5_000;
/** What a program uses in a poll's time when they have nothing to do, generously. */
const IDLE_US = 10_000;

/** Waits until what calls left to be done after their answers is done. */
async function rest(time: () => ProcessorTime): Promise<void> {
  const deadline = Date.now() + REST_MAX_MS;
  for (let before = time(); Date.now() < deadline; ) {
    await sleep(REST_POLL_MS);
    const now = time();
    const spent = used(before, now);
    if (totalUs(spent) <= IDLE_US * spent.size) return;
    before = now;
  }
}

/** Makes a call many times, and says what it took; work that goes on after the answers is counted in. */
export async function measure(shop: RunningShop, call: MeasuredCall, options: MeasureOptions): Promise<Measurement> {
  const time = () => processorTime(shop.programs);
  const concurrency = options.rate === undefined ? call.concurrency : OPEN_CONCURRENCY;
  const results: LoadResult[] = [];
  const totals = new Map<string, number>();
  let waitMs = 0;
  for (let run = 0; run < (call.runs ?? 1); run++) {
    await call.prepare?.();
    const waitedMs = await poolWaitMs(shop);
    await rest(time);
    const before = time();
    results.push(await call.run({ connections: CONNECTIONS, concurrency, ...options }));
    await rest(time);
    for (const [name, us] of used(before, time())) totals.set(name, (totals.get(name) ?? 0) + us);
    waitMs += (await poolWaitMs(shop)) - waitedMs;
  }
  const latenciesMs = results.flatMap((it) => it.latenciesMs).sort((a, b) => a - b);
  const calls = latenciesMs.length;
  return {
    callsPerSecond: calls / results.reduce((sum, it) => sum + it.seconds, 0),
    cpuUs: new Map([...totals].map(([name, us]) => [name, us / calls])),
    poolWaitMs: waitMs / calls,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}
