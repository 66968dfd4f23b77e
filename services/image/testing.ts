import sharp, { type Sharp } from "sharp";

/** A picture with a soft gradient and a green mark in its upper left corner, for tests. */
export function testPicture(width: number, height: number, shade = 200): Sharp {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="g"><stop offset="0" stop-color="rgb(${shade},0,0)"/><stop offset="1" stop-color="rgb(0,0,${shade})"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#g)"/><rect width="25%" height="25%" fill="rgb(0,255,0)"/></svg>`;
  return sharp(Buffer.from(svg)).removeAlpha();
}

/** Whether the pixel at a share of width and height is of the mark's colour. */
export async function isMarkAt(file: Uint8Array, x: number, y: number): Promise<boolean> {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
  return green > 200 && red < 60 && blue < 60;
}
