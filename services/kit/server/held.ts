import type { Limits } from "./limits.ts";

/** A connection for which something is held. */
export interface Holder {
  heldBytes: number;
  /** Cuts the client off. */
  cutOff(): void;
}

/**
 * Keeps account of what is held in memory for clients: parts of requests whose rest has yet to come, and answers that
 * have yet to be taken in.
 */
export class Held {
  readonly #limits: Limits;
  readonly #holders = new Set<Holder>();
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Takes bytes to the account. Where all connections together hold too much, the one with most is cut off.
   * @returns false when the connection holds so much that these bytes must be let go
   */
  add(holder: Holder, bytes: number): boolean {
    const { heldPerConnectionMaxBytes, heldMaxBytes } = this.#limits;
    if (holder.heldBytes + bytes > heldPerConnectionMaxBytes) return false;
    holder.heldBytes += bytes;
    this.#bytes += bytes;
    this.#holders.add(holder);
    if (this.#bytes > heldMaxBytes) this.#largest()?.cutOff();
    return true;
  }

  remove(holder: Holder, bytes: number): void {
    holder.heldBytes -= bytes;
    this.#bytes -= bytes;
    if (holder.heldBytes === 0) this.#holders.delete(holder);
  }

  #largest(): Holder | undefined {
    let largest: Holder | undefined;
    for (const it of this.#holders) if (largest === undefined || it.heldBytes > largest.heldBytes) largest = it;
    return largest;
  }
}
