import sharp from "sharp";
import { type Pixels, toPixels } from "./cutout.ts";

/** How a silhouette becomes a shadow. Lengths are in pixels of the finished picture. */
export interface ShadowLook {
  /** Part of the object that throws it, as a fraction of its height counted from below. */
  readonly part: number;
  /** Height of the shadow as a fraction of the object's. */
  readonly flatten: number;
  readonly blurPx: number;
  /** Between 0 and 1. */
  readonly opacity: number;
}

/** A shadow: RGBA, wider than what throws it by `marginPx` on every side, for the blur. */
interface Shadow extends Pixels {
  readonly marginPx: number;
}

/** The shadow that a cutout throws, `scale` times as large as in the finished picture. */
export async function shadowOf(cutout: Pixels, shade: string, look: ShadowLook, scale: number): Promise<Shadow> {
  const partPx = Math.max(1, Math.round(cutout.info.height * look.part));
  const flatWidth = Math.max(1, Math.round(cutout.info.width * scale));
  const flatHeight = Math.max(1, Math.round(cutout.info.height * look.flatten * scale));
  const alpha = sharp(alphaOf(cutout, partPx), { raw: { width: cutout.info.width, height: partPx, channels: 1 } });
  const silhouette = await toPixels(
    alpha.resize(flatWidth, flatHeight, { kernel: "cubic", fit: "fill" }).extractChannel(0),
  );
  const marginPx = Math.ceil(look.blurPx * scale * 3);
  const blurred = await toPixels(
    sharp(silhouette.data, { raw: silhouette.info })
      .extend({ top: marginPx, bottom: marginPx, left: marginPx, right: marginPx, background: "#000" })
      .blur(look.blurPx * scale)
      .linear(look.opacity, 0)
      .extractChannel(0),
  );
  const { width, height } = blurred.info;
  const colour = sharp({ create: { width, height, channels: 3, background: shade } });
  const shadow = await toPixels(colour.joinChannel(blurred.data, { raw: blurred.info }));
  return { ...shadow, marginPx };
}

/** The alpha channel of a cutout's lowest rows. */
function alphaOf({ data, info }: Pixels, rows: number): Buffer {
  const alpha = Buffer.alloc(info.width * rows);
  const start = (info.height - rows) * info.width;
  for (let i = 0; i < alpha.length; i++) alpha[i] = data[(start + i) * 4 + 3] ?? 0;
  return alpha;
}
