import type { Place } from "./store.ts";

/** Below which the list of pictures is, in its order. */
export const NEWEST = "newest/";
/** Below which the pictures themselves are. */
export const PICTURES = "pictures/";

const ID = /^[a-f0-9]{32}$/;
/** Later than any upload, so that the difference falls as time goes on. */
const END_OF_TIME_MS = 9_999_999_999_999;
const TIME_DIGITS = 13;
const ORIGINAL = "original-";

/** Below which all of a picture is. */
export function folderOf(id: string): string {
  // Contracts and routes let no other id pass; a key is no place to rely on that.
  if (!ID.test(id)) throw new Error("not an image id");
  return `${PICTURES}${id}/`;
}

/** Where it is written what is known of a picture: while this is there, so is the picture. */
export const infoKey = (id: string): string => `${folderOf(id)}info.json`;

/** Where the bytes of one upload are. Each upload has a key of its own, so that who undoes one cannot touch another. */
export const originalKey = (id: string, upload: string): string => `${folderOf(id)}${ORIGINAL}${upload}`;

/** Where a file made from a picture is. */
export const variantKey = (id: string, name: string): string => `${folderOf(id)}${name}`;

/** The key that puts an image in its place in the list: S3 lists by key alone, so the newest has the least. */
export function markerOf({ id, createTimeMs }: Place): string {
  return `${NEWEST}${String(END_OF_TIME_MS - createTimeMs).padStart(TIME_DIGITS, "0")}-${id}`;
}

const MARKER = new RegExp(`^${NEWEST}\\d{${TIME_DIGITS}}-(?<id>[a-f0-9]{32})$`);

/** The picture that a key of the list stands for; undefined for a foreign one, such as the folder's own from a console. */
export const idOfMarker = (key: string): string | undefined => MARKER.exec(key)?.groups?.id;

/** Whether a key below PICTURES is in the folder of a picture; others are foreign, and left alone. */
export const isOfPicture = (key: string): boolean => {
  const [id = "", name = ""] = key.slice(PICTURES.length).split("/", 2);
  return ID.test(id) && name !== "";
};

/** What a key below PICTURES belongs to: the picture, and the upload if it is an original. */
export function ownerOf(key: string): { readonly id: string; readonly upload: string | undefined } {
  const [id = "", name = ""] = key.slice(PICTURES.length).split("/", 2);
  return { id, upload: name.startsWith(ORIGINAL) ? name.slice(ORIGINAL.length) : undefined };
}
