import { promisify } from "node:util";
import zlib from "node:zlib";

/** Ways to compress that all our servers and clients know. */
export type Encoding = "gzip" | "br";

/** Their names, as headers list them. */
export const ENCODINGS: readonly Encoding[] = ["gzip", "br"];
/** The header value that offers them. */
export const ACCEPTED_ENCODINGS = ENCODINGS.join(",");

/** What arrived as compressed is not, or is larger than allowed once it is not any more. */
export class DecompressionError extends Error {
  override readonly name = "DecompressionError";
  readonly tooLarge: boolean;

  constructor(cause: unknown) {
    super("The data could not be decompressed", { cause });
    this.tooLarge = cause instanceof RangeError && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
  }
}

// Messages are small and made anew each time: more effort costs more than it saves on the wire.
const GZIP_LEVEL = 4;
const BROTLI_QUALITY = 4;

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gzip);
const gunzip = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip);
const brotli = promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliCompress);
const unbrotli = promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress);

/** Whether a header names a way to compress that we know. */
export function isEncoding(name: string): name is Encoding {
  return name === "gzip" || name === "br";
}

/** The first way to compress of a list in a header, such as "br;q=1.0, gzip", that we know; undefined for none. */
export function firstEncoding(accepted: string): Encoding | undefined {
  for (const item of accepted.split(",")) {
    const [name = "", weight] = item.split(";", 2);
    const plain = name.trim();
    if (isEncoding(plain) && !/^\s*q=0(\.0+)?\s*$/.test(weight ?? "")) return plain;
  }
  return undefined;
}

/** Compresses a message, off the main thread. */
export function compress(encoding: Encoding, data: Uint8Array): Promise<Buffer> {
  if (encoding === "gzip") return gzip(data, { level: GZIP_LEVEL });
  return brotli(data, {
    params: {
      [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: data.length,
    },
  });
}

/**
 * Decompresses a message, off the main thread.
 * @throws DecompressionError when it is damaged or becomes larger than `maxBytes`.
 */
export async function decompress(encoding: Encoding, data: Uint8Array, maxBytes: number): Promise<Buffer> {
  // Nothing is nothing, compressed or not.
  if (data.length === 0) return Buffer.alloc(0);
  try {
    return await (encoding === "gzip" ? gunzip : unbrotli)(data, { maxOutputLength: maxBytes });
  } catch (error) {
    throw new DecompressionError(error);
  }
}
