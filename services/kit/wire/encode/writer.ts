/** Room that a tag, or a length, with any scalar of fixed size after it may take. */
export const SCALAR_ROOM_BYTES = 16;
// Answers are views of such chunks: few allocations off the heap, and no copy at the end of a message.
const CHUNK_BYTES = 64 * 1024;

/**
 * Where messages are written, one after the other, until a chunk is full and is left to those who hold its messages.
 * Positions are those in `bytes`, which is another after `reserve`.
 */
export class Writer {
  bytes: Buffer<ArrayBuffer> = Buffer.alloc(0);
  view = new DataView(this.bytes.buffer, 0, 0);
  #free = 0;
  #isWriting = false;

  /** The position to write at; undefined while another message is being written. */
  begin(expectedBytes: number): number | undefined {
    if (this.#isWriting) return undefined;
    this.#isWriting = true;
    const room = expectedBytes + SCALAR_ROOM_BYTES;
    if (this.#free + room > this.bytes.length) {
      this.#take(Math.max(CHUNK_BYTES, room));
      this.#free = 0;
    }
    return this.#free;
  }

  /** What was written since `begin`, up to a position. It is not written to again. */
  finish(end: number): Buffer<ArrayBuffer> {
    const written = this.bytes.subarray(this.#free, end);
    this.#free = end;
    this.#isWriting = false;
    return written;
  }

  /** Forgets what was written since `begin`. */
  discard(): void {
    this.#isWriting = false;
  }

  /** Makes room for so many bytes more. */
  reserve(at: number, count: number): void {
    if (at + count > this.bytes.length) this.#grow(at, count);
  }

  /** Writes a field's tag and makes room for a scalar after it. */
  tag(tag: number, at: number): number {
    if (at + SCALAR_ROOM_BYTES > this.bytes.length) this.#grow(at, SCALAR_ROOM_BYTES);
    if (tag >= 0x80) return this.varint(tag, at);
    this.bytes[at] = tag;
    return at + 1;
  }

  /** Writes an unsigned number of 32 bits. */
  varint(value: number, at: number): number {
    const { bytes } = this;
    let rest = value;
    let next = at;
    while (rest >= 0x80) {
      bytes[next++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[next] = rest;
    return next + 1;
  }

  /** Writes an unsigned number of 64 bits, given in halves. */
  varint64(low: number, high: number, at: number): number {
    if (high === 0) return this.varint(low, at);
    const { bytes } = this;
    for (let index = 0; index < 4; index++) bytes[at + index] = (low >>> (7 * index)) | 0x80;
    const middle = (low >>> 28) | ((high & 0b111) << 4);
    const rest = high >>> 3;
    if (rest === 0) {
      bytes[at + 4] = middle;
      return at + 5;
    }
    bytes[at + 4] = middle | 0x80;
    return this.varint(rest, at + 5);
  }

  /**
   * Writes the length of what stands from `start` to `end`, which was put `guess` bytes behind `at`, and moves it if
   * its length takes more or less than that. Returns the new end.
   */
  prefix(at: number, guess: number, end: number): number {
    const length = end - at - guess;
    const size = varintSize(length);
    if (size !== guess) {
      this.reserve(end, SCALAR_ROOM_BYTES);
      this.bytes.copyWithin(at + size, at + guess, end);
    }
    this.varint(length, at);
    return at + size + length;
  }

  #take(length: number): void {
    this.bytes = Buffer.allocUnsafeSlow(length);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, length);
  }

  /** Positions stay, so that those who hold one need not know. */
  #grow(at: number, count: number): void {
    const old = this.bytes;
    this.#take(Math.max(CHUNK_BYTES, 2 * (at + count)));
    this.bytes.set(old.subarray(this.#free, at), this.#free);
  }
}

/** How many bytes an unsigned number of 32 bits takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
