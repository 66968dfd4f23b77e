/** Puts a body together from the pieces it comes in, up to a limit. */
export class Body {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** @returns false when it is larger than the limit; nothing of it is kept then. */
  add(chunk: Buffer): boolean {
    this.#length += chunk.length;
    if (this.#length <= this.#maxBytes) this.#chunks.push(chunk);
    else this.#chunks = [];
    return this.#length <= this.#maxBytes;
  }

  /** The whole body. */
  bytes(): Buffer {
    const [first = EMPTY] = this.#chunks;
    return this.#chunks.length < 2 ? first : Buffer.concat(this.#chunks, this.#length);
  }
}

const EMPTY = Buffer.alloc(0);
