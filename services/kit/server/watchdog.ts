/** A connection that is looked over now and then. */
export interface Watched {
  /** @param nowMs milliseconds by the watchdog's own clock */
  check(nowMs: number): void;
}

/**
 * Looks connections over at an interval: one timer for all, in place of one or more with each call. Its clock counts the
 * intervals, so that a machine that slept, or was too busy to look, blames nobody for it.
 */
export class Watchdog {
  readonly #intervalMs: number;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  #nowMs = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** The time as of the last look. */
  get nowMs(): number {
    return this.#nowMs;
  }

  add(watched: Watched): void {
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.#look(), this.#intervalMs).unref();
  }

  remove(watched: Watched): void {
    this.#watched.delete(watched);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#nowMs += this.#intervalMs;
    for (const it of this.#watched) it.check(this.#nowMs);
  }
}
