import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/image/v1/error_reason_pb.js";
import type { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { failures } from "#kit/failure.ts";
import { type ImageInfo, widthsOf } from "./image.ts";
import { type Images, imageNotFound } from "./images.ts";
import type { ImageStore, Place } from "./store.ts";

const fail = failures(ErrorReasonSchema);
const PAGE_SIZE = 50;
const TOKEN = /^(\d{1,13})-([a-f0-9]{32})$/;

function messageOf(info: ImageInfo) {
  const { id, width, height, placeholder, alt } = info;
  return {
    picture: { imageId: id, width, height, placeholder: Uint8Array.from(placeholder), alt },
    contentType: info.contentType,
    sizeBytes: BigInt(info.sizeBytes),
    widths: widthsOf(info),
    createTime: timestampFromMs(info.createTimeMs),
  };
}

function tokenOf({ createTimeMs, id }: Place): string {
  return Buffer.from(`${createTimeMs}-${id}`).toString("base64url");
}

function placeOf(token: string): Place | undefined {
  if (token === "") return undefined;
  const [, time, id] = TOKEN.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (time === undefined || id === undefined) {
    throw fail(ErrorReason.PAGE_TOKEN_INVALID, "The page token is not one of this list's.");
  }
  return { createTimeMs: Number(time), id };
}

/** ImageService over a store. */
export function createImageService({
  store,
  images,
}: {
  store: ImageStore;
  images: Images;
}): ServiceImpl<typeof ImageService> {
  return {
    async uploadImage({ content, alt }) {
      return { image: messageOf(await images.upload(content, alt)) };
    },
    async getImage({ imageId }) {
      const info = await store.get(imageId);
      if (info === undefined) throw imageNotFound(imageId);
      return { image: messageOf(info) };
    },
    async listImages({ pageSize, pageToken }) {
      const limit = pageSize === 0 ? PAGE_SIZE : pageSize;
      // One more tells whether there is another page.
      const found = await store.list(limit + 1, placeOf(pageToken));
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { images: page.map(messageOf), nextPageToken: last === undefined ? "" : tokenOf(last) };
    },
    async deleteImage({ imageId }) {
      await store.delete(imageId);
      return {};
    },
  };
}
