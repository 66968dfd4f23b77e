import type { Readable } from "node:stream";
import type { ImageInfo } from "./image.ts";

/** A place in the list of images, newest first. */
export type Place = Pick<ImageInfo, "id" | "createTimeMs">;

/** A file that is there. */
export interface StoredFile {
  readonly sizeBytes: number;
  /** Its bytes from `start` to `end`, both included. */
  read(start: number, end: number): Readable;
}

/** Keeps pictures: originals as they came, what is known of them, and the files made from them. */
export interface ImageStore {
  /** Keeps an original with its info, or, if the id is there, changes nothing. @returns what is kept now. */
  put(info: ImageInfo, original: Uint8Array): Promise<ImageInfo>;
  get(id: string): Promise<ImageInfo | undefined>;
  /** The original's bytes. */
  original(id: string): Promise<Uint8Array | undefined>;
  /** At most `limit` images, newest first, those after `after`. */
  list(limit: number, after?: Place): Promise<ImageInfo[]>;
  /** Replaces the words for a picture; nothing when there is no such image. */
  setAlt(id: string, alt: string): Promise<void>;
  /** Forgets a picture with all its files; nothing when there is none. */
  delete(id: string): Promise<void>;
  /** A file made from a picture, by its name. */
  variant(id: string, name: string): Promise<StoredFile | undefined>;
  /** Keeps a file made from a picture. @returns false when the picture is gone. */
  putVariant(id: string, name: string, bytes: Uint8Array): Promise<boolean>;
  /** Throws when nothing can be kept. */
  ping(): Promise<void>;
}
