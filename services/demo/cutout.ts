import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";

const OBJECTS = "@lobehub/fluent-emoji-3d";
const ASSETS = join(dirname(createRequire(import.meta.url).resolve(`${OBJECTS}/package.json`)), "assets");
/** The originals are 256 pixels wide; enlarged further than this they look soft. */
const ENLARGEMENT_MAX = 2.2;
/** Alpha below this is the faint halo around an original. */
const HALO_ALPHA = 8;

/** Pixels, eight bits a channel. */
export interface Pixels {
  readonly data: Buffer;
  readonly info: { readonly width: number; readonly height: number; readonly channels: 1 | 2 | 3 | 4 };
}

/** How large an object may get; `areaMax` (width times height) makes objects of every shape look equally big. */
export interface Box {
  readonly width: number;
  readonly height: number;
  readonly areaMax: number;
}

/**
 * Renders to pixels. Of sharp's own description only the shape is kept: it may also say "premultiplied" of pixels that
 * are not, and believing that draws white edges.
 */
export async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, info: { width: info.width, height: info.height, channels: info.channels } };
}

/** The file of an object. */
export function assetPath(asset: string): string {
  return join(ASSETS, `${asset}.webp`);
}

/** Cuts an object out of its transparent surroundings and scales it to the box: RGBA. */
export async function cutOut(asset: string, box: Box): Promise<Pixels> {
  const original = await toPixels(sharp(assetPath(asset)).ensureAlpha());
  const edges = edgesOf(original);
  const scale = Math.min(
    box.width / edges.width,
    box.height / edges.height,
    Math.sqrt(box.areaMax / (edges.width * edges.height)),
    ENLARGEMENT_MAX,
  );
  const [width, height] = [Math.round(edges.width * scale), Math.round(edges.height * scale)];
  const object = sharp(original.data, { raw: original.info }).extract(edges);
  return toPixels(object.resize(width, height, { kernel: "lanczos3", fit: "fill" }));
}

/** The smallest rectangle that holds everything visible. */
function edgesOf({ data, info }: Pixels): { left: number; top: number; width: number; height: number } {
  let [left, top, right, bottom] = [info.width, info.height, -1, -1];
  for (let y = 0; y < info.height; y++) {
    for (let x = 0; x < info.width; x++) {
      const alpha = data[(y * info.width + x) * 4 + 3] ?? 0;
      if (alpha < HALO_ALPHA) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (bottom < 0) throw new Error("the object's file is empty");
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}
