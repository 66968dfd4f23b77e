import { COMPRESSED_FLAG, ENVELOPE_HEAD_BYTES } from "../wire/envelope.ts";

/** What went wrong with the envelope of an answer that has to hold one message. */
export type EnvelopeFault = "too large" | "more than one" | "cut off";

/** Puts the one message of an answer together from the pieces it arrives in. */
export class OneMessage {
  #pieces: Buffer | Buffer[] | undefined;
  #receivedBytes = 0;
  #expectedBytes = -1;
  /** What the message may have. */
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#receivedBytes === 0;
  }

  /** Takes a piece; says at once, before more is kept, what makes the rest worthless. */
  add(piece: Buffer): EnvelopeFault | undefined {
    if (this.#pieces === undefined) this.#pieces = piece;
    else if (Array.isArray(this.#pieces)) this.#pieces.push(piece);
    else this.#pieces = [this.#pieces, piece];
    this.#receivedBytes += piece.length;
    if (this.#expectedBytes < 0) {
      if (this.#receivedBytes < ENVELOPE_HEAD_BYTES) return undefined;
      const messageBytes = this.#whole().readUInt32BE(1);
      if (messageBytes > this.maxBytes) return "too large";
      this.#expectedBytes = ENVELOPE_HEAD_BYTES + messageBytes;
    }
    return this.#receivedBytes > this.#expectedBytes ? "more than one" : undefined;
  }

  /** The message, when all has arrived. */
  end(): { readonly bytes: Buffer; readonly compressed: boolean } | EnvelopeFault {
    if (this.#receivedBytes !== this.#expectedBytes) return "cut off";
    const whole = this.#whole();
    return { bytes: whole.subarray(ENVELOPE_HEAD_BYTES), compressed: ((whole[0] ?? 0) & COMPRESSED_FLAG) !== 0 };
  }

  #whole(): Buffer {
    if (this.#pieces === undefined) return Buffer.alloc(0);
    if (Array.isArray(this.#pieces)) this.#pieces = Buffer.concat(this.#pieces);
    return this.#pieces;
  }
}
