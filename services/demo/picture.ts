import sharp, { type OverlayOptions } from "sharp";
import { lyingBackdrop, type Size, standingBackdrop } from "./backdrop.ts";
import type { Backdrop, DemoShelf, Shot } from "./catalogue/shelf.ts";
import { type Box, cutOut, type Pixels, toPixels } from "./cutout.ts";
import { type ShadowLook, shadowOf } from "./shadow.ts";

/** The largest canvas on which objects of 256 pixels, doubled, still fill a picture. */
const PRODUCT_SIZE: Size = { width: 800, height: 800 };
const PRODUCT_BOX: Box = { width: 560, height: 520, areaMax: 260_000 };
const SHELF_SIZE: Size = { width: 1200, height: 900 };
const SHELF_PLACES = [
  {
    from: 0,
    centre: 0.21,
    baseline: 0.72,
    box: { width: 340, height: 400, areaMax: 110_000 },
  },
  {
    from: 2,
    centre: 0.79,
    baseline: 0.72,
    box: { width: 340, height: 400, areaMax: 110_000 },
  },
  {
    from: 1,
    centre: 0.5,
    baseline: 0.8,
    box: { width: 520, height: 520, areaMax: 220_000 },
  },
] as const;
/** What is soft, backdrop and shadows, is drawn this small and enlarged: a sixteenth of the work. */
const SOFT_SCALE = 0.25;
/** Full chroma, since subsampling frays the edges of saturated objects; fast coding, since this is not what is served. */
const JPEG = { quality: 90, chromaSubsampling: "4:4:4", optimizeCoding: false } as const;

/** On a floor: wide and faint from the light above, narrow and dark where the object touches it. */
const FLOOR_SHADOWS: readonly ShadowLook[] = [
  { part: 1, flatten: 0.12, blurPx: 18, opacity: 0.4 },
  { part: 0.06, flatten: 0.035, blurPx: 6, opacity: 0.6 },
];
/** On a table top: far and close. */
const TABLE_SHADOWS: readonly (ShadowLook & { dx: number; dy: number })[] = [
  { part: 1, flatten: 1, blurPx: 24, opacity: 0.36, dx: 14, dy: 26 },
  { part: 1, flatten: 1, blurPx: 6, opacity: 0.3, dx: 4, dy: 7 },
];

/** Something placed on a picture by its upper left corner. */
interface Layer extends Pixels {
  readonly left: number;
  readonly top: number;
}

/** An object with the shadows it throws; shadows are measured in soft pixels. */
interface Staged {
  readonly object: Layer;
  readonly shadows: readonly Layer[];
}

/** Composes a product's picture: a JPEG of 800 × 800 pixels. The same shot always gives the same bytes. */
export async function composePicture(shot: Shot, backdrop: Backdrop): Promise<Buffer> {
  const cutout = await cutOut(shot.asset, PRODUCT_BOX);
  const { width, height } = PRODUCT_SIZE;
  const left = Math.round((width - cutout.info.width) / 2);
  if (shot.pose === "lying") {
    const top = Math.round((height - cutout.info.height) / 2);
    return develop(lyingBackdrop(backdrop), PRODUCT_SIZE, [await layFlat({ ...cutout, left, top }, backdrop.shade)]);
  }
  const top = Math.round(height * 0.53 - cutout.info.height / 2);
  return develop(standingBackdrop(backdrop, 0.64), PRODUCT_SIZE, [
    await standUp({ ...cutout, left, top }, backdrop.shade),
  ]);
}

/** Composes a category's picture, three of its products on one floor: a JPEG of 1200 × 900 pixels. */
export async function composeShelfPicture(shelf: DemoShelf): Promise<Buffer> {
  const staged: Staged[] = [];
  for (const place of SHELF_PLACES) {
    const id = shelf.showcase[place.from];
    const product = shelf.products.find((candidate) => candidate.id === id);
    if (!product) throw new Error(`${shelf.id} shows ${id}, which is not among its products`);
    const cutout = await cutOut(product.shot.asset, place.box);
    const left = Math.round(SHELF_SIZE.width * place.centre - cutout.info.width / 2);
    const top = Math.round(SHELF_SIZE.height * place.baseline - cutout.info.height);
    staged.push(await standUp({ ...cutout, left, top }, shelf.backdrop.shade));
  }
  return develop(standingBackdrop(shelf.backdrop, 0.6), SHELF_SIZE, staged);
}

async function standUp(object: Layer, shade: string): Promise<Staged> {
  const baseline = object.top + object.info.height;
  const shadows = await Promise.all(
    FLOOR_SHADOWS.map(async (look) => {
      const { marginPx, ...shadow } = await shadowOf(object, shade, look, SOFT_SCALE);
      // The floor recedes: most of a shadow lies behind the line where the object touches it.
      const top = baseline - object.info.height * look.flatten * 0.62;
      return { ...shadow, ...soft(object.left, top, marginPx) };
    }),
  );
  return { object, shadows };
}

async function layFlat(object: Layer, shade: string): Promise<Staged> {
  const shadows = await Promise.all(
    TABLE_SHADOWS.map(async ({ dx, dy, ...look }) => {
      const { marginPx, ...shadow } = await shadowOf(object, shade, look, SOFT_SCALE);
      return {
        ...shadow,
        ...soft(object.left + dx, object.top + dy, marginPx),
      };
    }),
  );
  return { object, shadows };
}

function soft(left: number, top: number, marginPx: number): { left: number; top: number } {
  return {
    left: Math.round(left * SOFT_SCALE) - marginPx,
    top: Math.round(top * SOFT_SCALE) - marginPx,
  };
}

async function develop(backdrop: string, { width, height }: Size, staged: readonly Staged[]): Promise<Buffer> {
  const softSize = `width="${width * SOFT_SCALE}" height="${height * SOFT_SCALE}"`;
  const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${softSize}>${backdrop}</svg>`);
  const shadows = staged.flatMap((each) => each.shadows.map(overlay));
  const scene = await toPixels(sharp(svg).composite(shadows).removeAlpha());
  const enlarged = await toPixels(sharp(scene.data, { raw: scene.info }).resize(width, height, { kernel: "linear" }));
  const objects = staged.map(({ object }) => overlay(object));
  return sharp(enlarged.data, { raw: enlarged.info }).composite(objects).removeAlpha().jpeg(JPEG).toBuffer();
}

function overlay({ data, info, left, top }: Layer): OverlayOptions {
  return { input: data, raw: info, left, top };
}
