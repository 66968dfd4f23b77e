import { createHash } from "node:crypto";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/image/v1/error_reason_pb.js";
import { type Failure, failures } from "#kit/failure.ts";
import { createGate } from "./gate.ts";
import { type ImageInfo, nameOf, servedWidth, type Variant } from "./image.ts";
import { inspect, makeVariant } from "./processing.ts";
import type { ImageStore, StoredFile } from "./store.ts";

/** Takes pictures in and makes their files. */
export interface Images {
  /** @throws Failure NOT_AN_IMAGE, TOO_MANY_PIXELS, RATE_LIMITED */
  upload(content: Uint8Array, alt: string): Promise<ImageInfo>;
  /**
   * A picture's file; made when it is asked for the first time, once for all who ask meanwhile, and kept.
   * @returns undefined when there is no such picture.
   * @throws Failure RATE_LIMITED
   */
  variant(id: string, variant: Variant): Promise<StoredFile | undefined>;
}

/** What images stand on. */
export interface ImagesDeps {
  readonly store: ImageStore;
  /** Told of each picture that is new. */
  readonly onUpload: (info: ImageInfo) => void;
  /** Told of each file that was made. */
  readonly onMade: (variant: Variant) => void;
}

/** Pictures that are decoded at the same time: each may take a core, and 200 MB for the largest. */
const PROCESSING_MAX = 2;
const PROCESSING_WAITING_MAX = 100;
const ID_DIGITS = 32;

const fail = failures(ErrorReasonSchema);

/** The failure for an id that belongs to no image. */
export function imageNotFound(imageId: string): Failure {
  return fail(ErrorReason.IMAGE_NOT_FOUND, "There is no such image.", { metadata: { image_id: imageId } });
}

/** The images of a store. */
export function createImages({ store, onUpload, onMade }: ImagesDeps): Images {
  const gate = createGate({ runningMax: PROCESSING_MAX, waitingMax: PROCESSING_WAITING_MAX });
  const beingMade = new Map<string, Promise<StoredFile | undefined>>();

  const make = async (info: ImageInfo, variant: Variant): Promise<StoredFile | undefined> => {
    const name = nameOf(variant);
    const bytes = await gate.run(async () => {
      const original = await store.original(info.id);
      return original && makeVariant(original, variant);
    });
    if (bytes === undefined || !(await store.putVariant(info.id, name, bytes))) return undefined;
    onMade(variant);
    return store.variant(info.id, name);
  };
  const makeOnce = (info: ImageInfo, variant: Variant): Promise<StoredFile | undefined> => {
    const key = `${info.id}/${nameOf(variant)}`;
    const running = beingMade.get(key);
    if (running !== undefined) return running;
    const made = make(info, variant).finally(() => beingMade.delete(key));
    beingMade.set(key, made);
    return made;
  };
  return {
    async upload(content, alt) {
      const id = createHash("sha256").update(content).digest("hex").slice(0, ID_DIGITS);
      const known = await store.get(id);
      if (known !== undefined) {
        if (alt === "" || alt === known.alt) return known;
        await store.setAlt(id, alt);
        return { ...known, alt };
      }
      const inspected = await gate.run(() => inspect(content));
      const info = { ...inspected, id, sizeBytes: content.length, alt, createTimeMs: Date.now() };
      const kept = await store.put(info, content);
      onUpload(kept);
      return kept;
    },
    async variant(id, variant) {
      const there = await store.variant(id, nameOf(variant));
      if (there !== undefined) return there;
      const info = await store.get(id);
      if (info === undefined) return undefined;
      const served = { ...variant, width: servedWidth(info, variant.width) };
      return (await store.variant(id, nameOf(served))) ?? (await makeOnce(info, served));
    },
  };
}
