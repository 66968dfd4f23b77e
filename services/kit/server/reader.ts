import { type Limits, takeTimeMs } from "./limits.ts";

/** Tells from how much waits to be sent whether a client takes it in at all. */
export class Reader {
  readonly #limits: Limits;
  #waitingBytes = 0;
  #sinceMs = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @param waitingBytes what waits now; more than before is no sign of reading */
  isTooSlow(nowMs: number, waitingBytes: number): boolean {
    if (waitingBytes === 0 || this.#waitingBytes === 0 || waitingBytes < this.#waitingBytes) this.#sinceMs = nowMs;
    this.#waitingBytes = waitingBytes;
    return waitingBytes > 0 && nowMs - this.#sinceMs >= takeTimeMs(this.#limits, waitingBytes);
  }
}
