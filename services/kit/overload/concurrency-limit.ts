import { createShrinkTrial } from "./shrink-trial.ts";

/** How a call that held a slot went. */
export interface Sample {
  /** Milliseconds from the caller's sending to the end, as far as it can be told. */
  readonly tookMs: number;
  /** Milliseconds that would have been fine. */
  readonly acceptableMs: number;
  /** Whether it came to its own end, not to its deadline's. */
  readonly finished: boolean;
  /** Whether the service's own work is what calls wait for. */
  readonly busy: boolean;
}

/** How many calls a service works on at once; adapts to what it can do in time. */
export interface ConcurrencyLimit {
  /**
   * Takes a slot; false when all are taken.
   * @param rested whether the service has had time to spare lately: then a burst may be as large as memory allows, unless
   * it was found before that so many are too many
   */
  tryAcquire(rested?: boolean): boolean;
  /** Gives a slot back; without a sample when the call's end says nothing about how busy the service is. */
  release(sample: Sample | undefined): void;
  readonly limit: number;
  readonly inFlight: number;
  /** When it is worth trying again after a refusal, in milliseconds; differs from call to call, so that callers spread. */
  retryAfterMs(): number;
}

export interface ConcurrencyLimitOptions {
  /** A clock, in milliseconds. */
  readonly nowMs: () => number;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/** So many calls may always be in flight, however slow all else is. */
export const LIMIT_MIN = 16;
/** The limit before anything is known; a page's calls many times over, so that no burst of visitors is turned away. */
export const LIMIT_START = 256;
/** What the memory of calls in flight allows. */
export const LIMIT_MAX = 1024;
/** The shortest time between two looks. */
export const WINDOW_MIN_MS = 100;
/** The longest time that an effect is waited for; what was learnt longer ago, with nothing since, counts no more. */
const WINDOW_MAX_MS = 5_000;
// Fewer calls in a window say nothing.
const SAMPLES_MIN = 20;
const SAMPLES_MAX = 512;
// What all wait for, even the quickest wait for; what only some wait for leaves these alone. Where the service itself has
// no rest there is one queue for all, and it is the common call that has to be in time.
const QUANTILE = { waiting: 0.25, busy: 0.5 } as const;
// Where the limit settles, as a share of the acceptable time: below 1, so that most calls are in time and not half.
const AIM = 0.5;
const SHRINK_MAX = 0.25;
// On trial.
const SHRINK_MAX_WAITING = 0.5;
const SHRINK_MIN = 0.9;
const NEARLY_USED = 0.8;
const RETRY_BASE_MS = 250;
const RETRY_MAX_MS = 10_000;

/**
 * An adaptive limit on concurrency. By windows of time it asks whether even the quicker calls (the lower quartile; the
 * median where the service has no rest) took longer than is acceptable for each. If so, all of them wait in one queue that does not empty, and the limit shrinks
 * to what Little's law gives for the rate that was reached: calls a second × acceptable seconds. If they have time to
 * spare and the limit was used, it grows by its square root. In between it stays.
 *
 * Taken together from: CoDel (RFC 8289), which tells a standing queue from a burst by the least wait and not the mean;
 * Netflix's concurrency-limits (Gradient2), windows as long as calls take, growth by the square root and only when in
 * use; BBR's product of rate and time in place of a gradient, which overshoots while an old queue is still being worked
 * off. Unlike Gradient2 and Envoy's adaptive concurrency it compares with what the contract promises and not with the
 * best time seen, since calls of one service differ a thousandfold and a few milliseconds more harm nobody. Where a
 * quarter of the calls is in time, others that wait for a slow dependency leave the limit as it is; where all wait, see
 * `createShrinkTrial`.
 */
export function createConcurrencyLimit({ nowMs, random }: ConcurrencyLimitOptions): ConcurrencyLimit {
  const ratios = new Float64Array(SAMPLES_MAX);
  let limit = LIMIT_START;
  let inFlight = 0;
  let windowStartMs = nowMs();
  let samples = 0;
  let admitted = 0;
  let refused = 0;
  let peak = 0;
  let tookMs = 0;
  let acceptableMs = 0;
  let finished = 0;
  let busy = 0;
  let rateBefore = 0;
  const trial = createShrinkTrial();
  /** Calls that came for each that was let in, lately. */
  let pressure = 1;

  const open = (now: number) => {
    windowStartMs = now;
    samples = admitted = refused = tookMs = acceptableMs = finished = busy = 0;
    peak = inFlight;
  };

  const shrink = (now: number) => {
    const lengthMs = now - windowStartMs;
    const ours = busy > samples / 2;
    const used = Math.min(limit, peak);
    const sustainable = (AIM * acceptableMs) / lengthMs;
    const least = used * (ours ? SHRINK_MAX : SHRINK_MAX_WAITING);
    const lower = Math.floor(Math.max(LIMIT_MIN, Math.min(used * SHRINK_MIN, Math.max(least, sustainable))));
    if (ours) return lower;
    // Where calls have just begun to take longer, few have ended yet: the window before knows the rate better.
    const rate = finished / lengthMs;
    return trial.next({
      nowMs: now,
      limit,
      used,
      lower,
      rate,
      bestRate: Math.max(rate, rateBefore),
      binding: refused > 0,
    });
  };

  const judge = (now: number) => {
    const seen = ratios.subarray(0, Math.min(samples, SAMPLES_MAX)).sort();
    const ratio = seen[Math.floor(seen.length * QUANTILE[busy > samples / 2 ? "busy" : "waiting"])] ?? 0;
    const step = Math.sqrt(limit);
    const nearlyUsed = refused > 0 || peak >= limit * NEARLY_USED;
    if (ratio > 1) limit = shrink(now);
    else if (ratio < AIM && (nearlyUsed || limit < LIMIT_START)) limit = Math.min(LIMIT_MAX, Math.ceil(limit + step));
    // What nobody uses would only let a long queue in when it comes.
    else if (!nearlyUsed && limit > LIMIT_START) limit = Math.max(LIMIT_START, Math.floor(limit - step));
    pressure = Math.max(1, (admitted + refused) / Math.max(1, admitted));
    rateBefore = finished / (now - windowStartMs);
    open(now);
  };

  const note = (sample: Sample) => {
    ratios[samples++ % SAMPLES_MAX] = sample.tookMs / sample.acceptableMs;
    tookMs += sample.tookMs;
    acceptableMs += sample.acceptableMs;
    if (sample.finished) finished++;
    if (sample.busy) busy++;
    if (samples < SAMPLES_MIN) return;
    const now = nowMs();
    // As long as a call takes, so that growth has had its effect. The rate that shrinking goes by is known sooner.
    const effectMs = busy > samples / 2 && tookMs > acceptableMs ? 0 : tookMs / samples;
    const lengthMs = Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, effectMs));
    if (now - windowStartMs >= lengthMs) judge(now);
  };

  return {
    get limit() {
      return limit;
    },
    get inFlight() {
      return inFlight;
    },
    tryAcquire(rested = false) {
      if (inFlight >= (rested && limit >= LIMIT_START ? LIMIT_MAX : limit)) {
        refused++;
        return false;
      }
      if (inFlight === 0) {
        const now = nowMs();
        if (now - windowStartMs > WINDOW_MAX_MS) {
          limit = Math.max(limit, LIMIT_START);
          pressure = 1;
          open(now);
        }
      }
      admitted++;
      inFlight++;
      if (inFlight > peak) peak = inFlight;
      return true;
    },
    release(sample) {
      if (inFlight === 0) throw new Error("A slot was given back that nobody held.");
      inFlight--;
      if (inFlight >= limit && limit < LIMIT_START) {
        // What began under a higher limit says nothing of this one.
        if (inFlight === limit) open(nowMs());
        return;
      }
      if (sample !== undefined) note(sample);
    },
    retryAfterMs() {
      // The more there is too much of, the longer they stay away; half to one and a half times that.
      const now = Math.max(pressure, (admitted + refused) / Math.max(1, admitted));
      return Math.min(RETRY_MAX_MS, RETRY_BASE_MS * now * (0.5 + random()));
    },
  };
}
