import sharp from "sharp";
import { expect, test } from "vitest";
import type { DemoShelf, Shot } from "./catalogue/shelf.ts";
import { demoShelves } from "./catalogue.ts";
import { composePicture, composeShelfPicture } from "./picture.ts";

const PICTURE_MAX_BYTES = 150_000;

function shelfWith(pose: Shot["pose"]): { shelf: DemoShelf; shot: Shot } {
  for (const shelf of demoShelves) {
    const product = shelf.products.find(({ shot }) => shot.pose === pose);
    if (product) return { shelf, shot: product.shot };
  }
  throw new Error(`no product is ${pose}`);
}

test.each(["standing", "lying"] as const)(
  "a %s object: same bytes each time, in the middle, on its backdrop",
  async (pose) => {
    const { shelf, shot } = shelfWith(pose);
    const picture = await composePicture(shot, shelf.backdrop);
    expect(await composePicture(shot, shelf.backdrop)).toEqual(picture);
    expect(picture.length).toBeLessThan(PICTURE_MAX_BYTES);

    const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([800, 800, 3]);
    const { dominant } = await sharp(picture).extract({ left: 0, top: 0, width: 800, height: 60 }).stats();
    expect(Math.min(dominant.r, dominant.g, dominant.b)).toBeGreaterThan(200);
    const middle = await sharp(picture).extract({ left: 300, top: 300, width: 200, height: 200 }).stats();
    expect(Math.max(...middle.channels.map(({ stdev }) => stdev))).toBeGreaterThan(5);
    expect(data.length).toBe(800 * 800 * 3);
  },
);

test("every product's picture and every category's is small enough to upload by the dozen", async () => {
  for (const shelf of demoShelves) {
    const picture = await composeShelfPicture(shelf);
    expect(picture.length, shelf.id).toBeLessThan(PICTURE_MAX_BYTES);
    const { width, height } = await sharp(picture).metadata();
    expect([width, height]).toEqual([1200, 900]);
  }
  const sizes = await Promise.all(
    demoShelves.map(async ({ backdrop, products }) => {
      let largest = 0;
      for (const { shot } of products) largest = Math.max(largest, (await composePicture(shot, backdrop)).length);
      return largest;
    }),
  );
  expect(Math.max(...sizes)).toBeLessThan(PICTURE_MAX_BYTES);
});

test("a category that shows what it does not have is refused", async () => {
  const [shelf] = demoShelves;
  if (!shelf) throw new Error("the catalogue is empty");
  await expect(composeShelfPicture({ ...shelf, showcase: ["nothing", "here", "either"] })).rejects.toThrow("nothing");
});
