import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { S3, S3Head } from "#kit/s3/s3.ts";
import type { StoredFile } from "./store.ts";

/** What is read of a file with one request: whoever reads slowly keeps no more than this in memory, and no connection. */
const PIECE_BYTES = 256 * 1024;

/** The digest that is kept with all bytes, in hexadecimal digits. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A file in an S3: its key, and what was known of it when it was asked for. */
export interface FileInS3 {
  readonly key: string;
  readonly head: S3Head;
  /** Of all its bytes. */
  readonly sha256: string;
  /** Told when its bytes are others than those that were kept, before the reader is. */
  readonly onDamaged: () => Promise<void>;
}

async function* piecesOf(s3: S3, { key, head, sha256, onDamaged }: FileInS3, start: number, end: number) {
  const isWhole = start === 0 && end === head.sizeBytes - 1;
  const digest = createHash("sha256");
  for (let at = start; at <= end; at += PIECE_BYTES) {
    const last = Math.min(end, at + PIECE_BYTES - 1);
    const piece = await s3.getRange(key, { start: at, end: last, etag: head.etag });
    if (piece === undefined) throw new Error(`${key} was replaced or deleted while it was read`);
    digest.update(piece);
    // The last piece is held back until all are known to be right: who gets less than was announced keeps nothing of it.
    if (isWhole && last === end && digest.digest("hex") !== sha256) {
      await onDamaged();
      throw new Error(`${key} holds other bytes than were kept`);
    }
    yield piece;
  }
}

/** The file to read from: one piece at a time, the next when this one has been taken. */
export function storedFile(s3: S3, file: FileInS3): StoredFile {
  return {
    sizeBytes: file.head.sizeBytes,
    read: (start, end) => Readable.from(piecesOf(s3, file, start, end), { objectMode: false, highWaterMark: 1 }),
  };
}
