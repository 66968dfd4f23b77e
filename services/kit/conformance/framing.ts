import type { Readable, Writable } from "node:stream";

const SIZE_BYTES = 4;

/** The messages of a stream, each of which follows its size (big endian). */
export async function* readFrames(stream: Readable): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    while (rest.length >= SIZE_BYTES) {
      const end = SIZE_BYTES + rest.readUInt32BE();
      if (rest.length < end) break;
      yield rest.subarray(SIZE_BYTES, end);
      rest = rest.subarray(end);
    }
  }
  if (rest.length > 0) throw new Error("The stream ended in the middle of a message.");
}

/** Writes a message after its size, in one piece, so that messages written side by side do not mix. */
export function writeFrame(stream: Writable, message: Uint8Array): void {
  const size = Buffer.alloc(SIZE_BYTES);
  size.writeUInt32BE(message.length);
  stream.write(Buffer.concat([size, message]));
}
