import { crc32 } from "node:zlib";
import { ConnectError } from "@connectrpc/connect";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/image/v1/error_reason_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { failureMetadata, isFailure } from "#kit/failure.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main } from "./main.ts";
import { isMarkAt, testPicture } from "./testing.ts";

let mesh: TestMesh;
beforeAll(async () => {
  // The service keeps nothing in PostgreSQL.
  mesh = await startTestMesh({ image: main }, { postgresUrl: "postgres://127.0.0.1:1/none" });
});
afterAll(() => mesh.close());

const images = () => mesh.client(ImageService);
const upload = async (content: Uint8Array, alt = "") => {
  const { image } = await images().uploadImage({ content, alt }, mesh.as("admin"));
  if (image?.picture === undefined) throw new Error("no image");
  return { ...image, picture: image.picture };
};
const refusal = (content: Uint8Array) =>
  upload(content).then(
    () => undefined,
    (error: unknown) => error,
  );
const reasonOf = (error: unknown) =>
  ErrorReasonSchema.values.find((it) => isFailure(error, ErrorReasonSchema, it.number))?.localName ?? String(error);
const bytesOf = async (path: string) => Buffer.from(await (await fetch(`${mesh.url("image")}${path}`)).arrayBuffer());

/** A PNG whose header promises more than there is. */
function promising(png: Buffer, width: number, height: number): Buffer {
  const bomb = Buffer.from(png);
  bomb.writeUInt32BE(width, 16);
  bomb.writeUInt32BE(height, 20);
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
  return bomb;
}

describe("UploadImage", () => {
  it.each([
    ["image/jpeg", () => testPicture(300, 200).jpeg()],
    ["image/png", () => testPicture(300, 200).png()],
    ["image/webp", () => testPicture(300, 200).webp()],
    ["image/avif", () => testPicture(300, 200).avif({ effort: 0 })],
    ["image/gif", () => testPicture(300, 200).gif()],
  ])("takes %s, found from the bytes", async (contentType, make) => {
    const content = await make().toBuffer();
    const image = await upload(content, "A gradient");
    expect(image).toMatchObject({ contentType, sizeBytes: BigInt(content.length), widths: [160, 320] });
    expect(image.picture).toMatchObject({ width: 300, height: 200, alt: "A gradient" });
    expect(image.picture.placeholder.length).toBeLessThan(1000);
    expect(await sharp(image.picture.placeholder).metadata()).toMatchObject({ format: "webp", width: 20 });
  });

  it("keeps a picture once, and its words as they were last given", async () => {
    const content = await testPicture(64, 48, 101).png().toBuffer();
    const [first, second] = await Promise.all([upload(content, "first"), upload(content, "first")]);
    expect(second).toEqual(first);
    expect(await upload(content)).toEqual(first);
    expect((await upload(content, "better")).picture).toEqual({ ...first.picture, alt: "better" });
    const { image } = await images().getImage({ imageId: first.picture.imageId });
    expect(image).toEqual({ ...first, picture: { ...first.picture, alt: "better" } });
  });

  // The mark is in the upper left corner of what is shown, however the bytes are turned.
  it.each([1, 3, 6, 8])(
    "shows a picture with orientation %d upright, and tells nobody where it was taken",
    async (orientation) => {
      const turn = { 1: 0, 3: 180, 6: 270, 8: 90 }[orientation] ?? 0;
      const exif = {
        IFD0: { Copyright: "Somebody" },
        IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 3230/100" },
      };
      const upright = await testPicture(400, 200).png().toBuffer();
      const content = await sharp(upright).rotate(turn).withExif(exif).withMetadata({ orientation }).jpeg().toBuffer();
      const { picture } = await upload(content);
      expect(picture).toMatchObject({ width: 400, height: 200 });
      for (const format of ["webp", "avif", "jpg"]) {
        const file = await bytesOf(`/images/${picture.imageId}/160.${format}`);
        const { width, height, exif: leaked, xmp, icc, orientation: left } = await sharp(file).metadata();
        expect({ width, height, leaked, xmp, icc, left: left ?? 1 }).toEqual({ width: 160, height: 80, left: 1 });
        expect(await isMarkAt(file, 0.1, 0.1)).toBe(true);
        expect(await isMarkAt(file, 0.9, 0.9)).toBe(false);
      }
    },
  );

  it("refuses what is no picture, however it dresses up, and what is damaged", async () => {
    const [png, jpeg, webp] = await Promise.all([
      testPicture(300, 300).png().toBuffer(),
      testPicture(300, 300).jpeg().toBuffer(),
      testPicture(300, 300).webp().toBuffer(),
    ]);
    const contents = {
      svg: Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>',
      ),
      tiff: await testPicture(9, 9).tiff().toBuffer(),
      text: Buffer.from("hello"),
      "one byte": Buffer.from([0xff]),
      "only a beginning": png.subarray(0, 8),
      "text behind a beginning": Buffer.concat([png.subarray(0, 8), Buffer.from("<script>alert(1)</script>")]),
      "half a png": png.subarray(0, png.length / 2),
      "half a jpeg": jpeg.subarray(0, jpeg.length / 2),
      "half a webp": webp.subarray(0, webp.length / 2),
    };
    const reasons = Object.entries(contents).map(async ([name, it]) => [name, reasonOf(await refusal(it))]);
    const expected = Object.keys(contents).map((name) => [
      name,
      ErrorReasonSchema.value[ErrorReason.NOT_AN_IMAGE]?.localName,
    ]);
    expect(await Promise.all(reasons)).toEqual(expected);
  });

  it.each([
    [8_000, 8_000, "50000000"],
    [2_000_000, 2_000_000, "50000000"],
    [20_001, 1, "20000"],
  ])("refuses %d × %d pixels before decoding any", async (width, height, limit) => {
    const error = await refusal(promising(await testPicture(9, 9).png().toBuffer(), width, height));
    expect([reasonOf(error), failureMetadata(error)]).toEqual(["TOO_MANY_PIXELS", { limit }]);
  });

  it("takes what the contract allows to be large, and no more", async () => {
    const png = await testPicture(20, 20).png().toBuffer();
    const allowed = Buffer.concat([png, Buffer.alloc(10 * 1024 * 1024 - png.length)]);
    expect((await upload(allowed)).sizeBytes).toBe(10_485_760n);
    expect(await refusal(Buffer.concat([allowed, Buffer.alloc(1)]))).toBeInstanceOf(ConnectError);
  });
});

describe("the other calls", () => {
  it("say that there is no such image", async () => {
    const error = await images()
      .getImage({ imageId: "0".repeat(32) })
      .catch((it: unknown) => it);
    expect([reasonOf(error), failureMetadata(error)]).toEqual(["IMAGE_NOT_FOUND", { image_id: "0".repeat(32) }]);
  });

  it("list all images, newest first, in pages", async () => {
    for (let n = 0; n < 5; n++)
      await upload(
        await testPicture(30, 20, 10 + n)
          .png()
          .toBuffer(),
        `${n}`,
      );
    const admin = mesh.as("admin");
    const all = (await images().listImages({}, admin)).images;
    const times = all.map((it) => Number(it.createTime?.seconds) * 1e9 + Number(it.createTime?.nanos));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    const paged: typeof all = [];
    let pageToken = "";
    do {
      const page = await images().listImages({ pageSize: 2, pageToken }, admin);
      expect(page.images.length).toBeLessThanOrEqual(2);
      paged.push(...page.images);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(paged.map((it) => it.picture?.imageId)).toEqual(all.map((it) => it.picture?.imageId));
  });

  it.each(["x", "!!", Buffer.from("1-2").toString("base64url")])("refuse the page token %j", async (pageToken) => {
    const error = await images()
      .listImages({ pageToken }, mesh.as("admin"))
      .catch((it: unknown) => it);
    expect(reasonOf(error)).toBe("PAGE_TOKEN_INVALID");
  });

  it("delete an image with its files, and a second time change nothing", async () => {
    const { picture } = await upload(await testPicture(200, 100, 77).png().toBuffer());
    const path = `/images/${picture.imageId}/160.webp`;
    expect((await bytesOf(path)).length).toBeGreaterThan(100);
    for (let n = 0; n < 2; n++) await images().deleteImage({ imageId: picture.imageId }, mesh.as("admin"));
    expect((await fetch(`${mesh.url("image")}${path}`)).status).toBe(404);
    expect(
      reasonOf(
        await images()
          .getImage({ imageId: picture.imageId })
          .catch((it: unknown) => it),
      ),
    ).toBe("IMAGE_NOT_FOUND");
  });
});
