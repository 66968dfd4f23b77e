import { median } from "./statistics.ts";

/** A saturated turn of a server. */
export interface Turn {
  readonly requestsPerSecond: number;
  readonly cpuUsPerCall: number;
  /** The share of its core that the server used; well below 1, something else was the limit. */
  readonly busy: number;
  /** Of the requests at the peak, those that were refused and are not counted above. */
  readonly refusedShare: number;
}

/** One server held against another: medians of the rounds' ratios, above 1 where it is the faster one. */
export interface Ratio {
  readonly byRequests: number;
  /** Calls served in the same CPU time: the same as by requests as long as both have their core for themselves. */
  readonly byCpu: number;
  /** The one of both that says more of the servers than of what else runs on the machine. */
  readonly value: number;
  readonly isByRequests: boolean;
}

// A server that gets less of its core was held up by something else: the rate says nothing of it, the CPU time does.
const BUSY_MIN = 0.95;

/** Compares two servers round by round. */
export function ratioOf(ones: readonly Turn[], others: readonly Turn[]): Ratio {
  const rounds = ones.flatMap((one, round) => {
    const other = others[round];
    return other === undefined ? [] : [{ one, other }];
  });
  const byRequests = median(rounds.map(({ one, other }) => one.requestsPerSecond / other.requestsPerSecond));
  const byCpu = median(rounds.map(({ one, other }) => other.cpuUsPerCall / one.cpuUsPerCall));
  const isByRequests = [ones, others].every((turns) => median(turns.map((it) => it.busy)) >= BUSY_MIN);
  return { byRequests, byCpu, isByRequests, value: isByRequests ? byRequests : byCpu };
}
