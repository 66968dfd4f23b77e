import sharp, { type Metadata, type Sharp } from "sharp";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/image/v1/error_reason_pb.js";
import { failures } from "#kit/failure.ts";
import { contentTypeOf } from "./content-type.ts";
import type { Format, ImageInfo, Variant } from "./image.ts";

/** What a picture's own bytes tell. */
export type Inspected = Pick<ImageInfo, "contentType" | "width" | "height" | "placeholder">;

const fail = failures(ErrorReasonSchema);
const PIXELS_MAX = 50_000_000;
/** The longest side that the contract of a picture knows, in pixels. */
const SIDE_MAX = 20_000;
/** WebP and AVIF end at some 16,000 pixels; only strips come near that. */
const VARIANT_HEIGHT_MAX = 8_192;
const PLACEHOLDER = { width: 20, height: 40, fit: "inside", withoutEnlargement: true } as const;
const PLACEHOLDER_BLUR_PX = 1;
const PLACEHOLDER_QUALITY = 40;

// AVIF: more effort makes files a few percent smaller and takes several times as long.
const ENCODERS: Record<Format, (image: Sharp) => Sharp> = {
  webp: (image) => image.webp({ quality: 80, effort: 3 }),
  avif: (image) => image.avif({ quality: 55, effort: 2 }),
  jpg: (image) => image.flatten({ background: "#fff" }).jpeg({ quality: 82, progressive: true }),
};

const notAnImage = (cause?: unknown) =>
  fail(ErrorReason.NOT_AN_IMAGE, "The file is no JPEG, PNG, WebP, AVIF or GIF, or it is damaged.", { cause });

/** Decodes, turned as it is to be shown; metadata is left behind, and anything damaged is an error. */
function decode(content: Uint8Array): Sharp {
  return sharp(content, { limitInputPixels: PIXELS_MAX, failOn: "error" }).autoOrient();
}

async function headerOf(content: Uint8Array): Promise<Metadata> {
  // Reads the header alone: however many pixels it promises, none is decoded here.
  return sharp(content, { limitInputPixels: false }).metadata();
}

function checkSize({ width, height }: { width: number; height: number }): void {
  if (width * height > PIXELS_MAX) {
    throw fail(ErrorReason.TOO_MANY_PIXELS, `The picture has ${width} × ${height} pixels; ${PIXELS_MAX} are allowed.`, {
      metadata: { limit: `${PIXELS_MAX}` },
    });
  }
  if (Math.max(width, height) > SIDE_MAX) {
    throw fail(
      ErrorReason.TOO_MANY_PIXELS,
      `The picture has ${width} × ${height} pixels; a side may have ${SIDE_MAX}.`,
      {
        metadata: { limit: `${SIDE_MAX}` },
      },
    );
  }
}

/**
 * Finds out what a file is and decodes all of it once, so that a damaged one is found now.
 * @throws Failure NOT_AN_IMAGE, TOO_MANY_PIXELS
 */
export async function inspect(content: Uint8Array): Promise<Inspected> {
  const contentType = contentTypeOf(content);
  if (contentType === undefined) throw notAnImage();
  const { autoOrient: shown } = await headerOf(content).catch((error: unknown) => {
    throw notAnImage(error);
  });
  checkSize(shown);
  const placeholder = await decode(content)
    .resize(PLACEHOLDER)
    .blur(PLACEHOLDER_BLUR_PX)
    .webp({ quality: PLACEHOLDER_QUALITY })
    .toBuffer()
    .catch((error: unknown) => {
      throw notAnImage(error);
    });
  return { contentType, width: shown.width, height: shown.height, placeholder };
}

/** Makes a variant from an original: as wide as asked, or as the original where that is less. */
export async function makeVariant(original: Uint8Array, { width, format }: Variant): Promise<Buffer> {
  const resized = decode(original).resize({
    width,
    height: VARIANT_HEIGHT_MAX,
    fit: "inside",
    withoutEnlargement: true,
  });
  return ENCODERS[format](resized).toBuffer();
}

/** Sets the image library up for a process that does much else: few threads and no cache of its own. */
export function limitProcessing(): void {
  sharp.concurrency(1);
  sharp.cache(false);
}
