const ASCII = (bytes: Uint8Array, start: number, end: number) =>
  Buffer.from(bytes.subarray(start, end)).toString("latin1");

/** Of an ISO media file, whether its brands (major, then compatible) say AVIF. */
function isAvif(bytes: Uint8Array): boolean {
  if (bytes.length < 16 || ASCII(bytes, 4, 8) !== "ftyp") return false;
  const boxBytes = Math.min(Buffer.from(bytes.subarray(0, 4)).readUInt32BE(), bytes.length, 256);
  for (let at = 8; at + 4 <= boxBytes; at += 4) if (ASCII(bytes, at, at + 4) === "avif") return true;
  return false;
}

/**
 * The type of a picture by its first bytes; undefined when it is none that is taken. What a file calls itself counts for
 * nothing, and formats beyond these never reach the decoder, SVG with its references to other files least of all.
 */
export function contentTypeOf(bytes: Uint8Array): string | undefined {
  if (ASCII(bytes, 0, 3) === "\xff\xd8\xff") return "image/jpeg";
  if (ASCII(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return "image/png";
  if (/^GIF8[79]a/.test(ASCII(bytes, 0, 6))) return "image/gif";
  if (ASCII(bytes, 0, 4) === "RIFF" && ASCII(bytes, 8, 12) === "WEBP") return "image/webp";
  return isAvif(bytes) ? "image/avif" : undefined;
}
