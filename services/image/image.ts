/** What is known of a picture. */
export interface ImageInfo {
  /** The first 32 hexadecimal digits of the original's SHA-256. */
  readonly id: string;
  /** Found from the original's bytes: "image/png". */
  readonly contentType: string;
  /** Size of the original in bytes. */
  readonly sizeBytes: number;
  /** Width as shown, in pixels. */
  readonly width: number;
  /** Height as shown, in pixels. */
  readonly height: number;
  /** A blurred miniature, a WebP of at most 1000 bytes. */
  readonly placeholder: Uint8Array;
  /** What it shows, in words. */
  readonly alt: string;
  /** When it was uploaded, in milliseconds since 1970. */
  readonly createTimeMs: number;
}

/** Widths that pictures are served in, in pixels. */
export const WIDTHS = [160, 320, 480, 640, 960, 1280] as const;

/** Formats that pictures are served in, with their types; the name is also the ending of the file. */
export const FORMATS = { webp: "image/webp", avif: "image/avif", jpg: "image/jpeg" } as const;

export type Width = (typeof WIDTHS)[number];
export type Format = keyof typeof FORMATS;

/** A picture's file in one width and format. */
export interface Variant {
  readonly width: Width;
  readonly format: Format;
}

/** Widths that differ for a picture: up to the first that shows all of it. */
export function widthsOf(info: Pick<ImageInfo, "width">): Width[] {
  return WIDTHS.filter((_, index) => index === 0 || (WIDTHS[index - 1] ?? 0) < info.width);
}

/** The width whose file answers a request: pictures are never enlarged, so all beyond the last that differs are one. */
export function servedWidth(info: Pick<ImageInfo, "width">, requested: Width): Width {
  return Math.min(requested, Math.max(...widthsOf(info))) as Width;
}

/** The name of a variant's file: "640.webp". */
export function nameOf({ width, format }: Variant): string {
  return `${width}.${format}`;
}
