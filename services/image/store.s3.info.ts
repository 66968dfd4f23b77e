import type { S3 } from "#kit/s3/s3.ts";
import type { ImageInfo } from "./image.ts";
import { infoKey } from "./store.s3.keys.ts";

/** An image as it is written down. */
export interface KeptInfo {
  readonly info: ImageInfo;
  /** Names the upload whose bytes are the original. */
  readonly upload: string;
  /** SHA-256 of the original in hexadecimal digits. */
  readonly sha256: string;
}

function encode({ info, ...rest }: KeptInfo): Buffer {
  const placeholder = Buffer.from(info.placeholder).toString("base64");
  return Buffer.from(JSON.stringify({ ...rest, info: { ...info, placeholder } }));
}

function decode(bytes: Buffer): KeptInfo {
  const { info, upload, sha256 } = JSON.parse(bytes.toString()) as KeptInfo & { info: { placeholder: string } };
  return { info: { ...info, placeholder: Buffer.from(info.placeholder, "base64") }, upload, sha256 };
}

const JSON_TYPE = "application/json";

/** What is written down of an image, and the etag that stands for it. */
export async function readInfo(s3: S3, id: string): Promise<(KeptInfo & { etag: string }) | undefined> {
  const object = await s3.get(infoKey(id));
  return object && { ...decode(object.bytes), etag: object.etag };
}

/** Writes down an image that is not there yet. @returns false when it is, and nothing was changed. */
export async function addInfo(s3: S3, kept: KeptInfo): Promise<boolean> {
  const put = { contentType: JSON_TYPE, only: "absent" as const };
  return (await s3.put(infoKey(kept.info.id), encode(kept), put)) !== undefined;
}

/** Writes down an image anew. @returns false when it is not any more what `etag` stands for. */
export async function replaceInfo(s3: S3, kept: KeptInfo, etag: string): Promise<boolean> {
  const put = { contentType: JSON_TYPE, only: { etag } };
  return (await s3.put(infoKey(kept.info.id), encode(kept), put)) !== undefined;
}
