import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../statistics.ts";
import type { MeasuredCall } from "./calls.ts";
import type { LoadResult } from "./load.ts";
import { poolWaitMs } from "./pool-waits.ts";
import { type ProcessorTime, processorTime, used } from "./processor-time.ts";
import type { RunningShop } from "./running-shop.ts";

/** One measurement of a call. */
export interface Measurement {
  readonly callsPerSecond: number;
  /** Processor time a call, in microseconds. */
  readonly nodeUs: number;
  readonly postgresUs: number;
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
/** What both programs use in a poll's time when they have nothing to do, generously. */
const IDLE_US = 20_000;

/** Waits until what calls left to be done after their answers is done. */
async function rest(time: () => ProcessorTime): Promise<void> {
  const deadline = Date.now() + REST_MAX_MS;
  for (let before = time(); Date.now() < deadline; ) {
    await sleep(REST_POLL_MS);
    const now = time();
    const { nodeUs, postgresUs } = used(before, now);
    if (nodeUs + postgresUs <= IDLE_US) return;
    before = now;
  }
}

/** Makes a call many times, and says what it took; work that goes on after the answers is counted in. */
export async function measure(shop: RunningShop, call: MeasuredCall, options: MeasureOptions): Promise<Measurement> {
  const time = () => processorTime(shop.pid, shop.postmasterPid);
  const concurrency = options.rate === undefined ? call.concurrency : OPEN_CONCURRENCY;
  const results: LoadResult[] = [];
  const total = { nodeUs: 0, postgresUs: 0, poolWaitMs: 0 };
  for (let run = 0; run < (call.runs ?? 1); run++) {
    await call.prepare?.();
    const waitedMs = await poolWaitMs(shop);
    await rest(time);
    const before = time();
    results.push(await call.run({ connections: CONNECTIONS, concurrency, ...options }));
    await rest(time);
    const spent = used(before, time());
    total.nodeUs += spent.nodeUs;
    total.postgresUs += spent.postgresUs;
    total.poolWaitMs += (await poolWaitMs(shop)) - waitedMs;
  }
  const latenciesMs = results.flatMap((it) => it.latenciesMs).sort((a, b) => a - b);
  const calls = latenciesMs.length;
  return {
    callsPerSecond: calls / results.reduce((sum, it) => sum + it.seconds, 0),
    nodeUs: total.nodeUs / calls,
    postgresUs: total.postgresUs / calls,
    poolWaitMs: total.poolWaitMs / calls,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}
