import { createHash } from "node:crypto";
import { pageTokenInvalid } from "./reasons.ts";
import type { Order, Place } from "./store.ts";

/** Where a page ended, and how its list was looked for, so that the next page goes on in the same way. */
export interface PageEnd extends Place {
  readonly allowTypos: boolean;
}

const PRODUCT_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const KEY_MAX_LENGTH = 120;
const TIME_MAX_MS = 8.64e15;

// The scope stands for the list: its filters and its order. A token of another list is refused.
function digest(scope: unknown, key: unknown, productId: unknown, allowTypos: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([scope, key, productId, allowTypos]))
    .digest("base64url")
    .slice(0, 16);
}

export function encodePageToken(scope: unknown, { key, productId, allowTypos }: PageEnd): string {
  return Buffer.from(JSON.stringify([digest(scope, key, productId, allowTypos), key, productId, allowTypos])).toString(
    "base64url",
  );
}

function parse(token: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function isKey(key: unknown, order: Order): key is string | number {
  if (order === "name") return typeof key === "string" && key.length <= KEY_MAX_LENGTH && !key.includes("\0");
  return typeof key === "number" && Number.isSafeInteger(key) && Math.abs(key) <= TIME_MAX_MS;
}

/** @throws Failure PAGE_TOKEN_INVALID if it is no token, or one of a list with other filters or another order. */
export function decodePageToken(scope: unknown, order: Order, token: string): PageEnd {
  const [mark, key, productId, allowTypos] = parse(token);
  const wellFormed =
    isKey(key, order) && typeof productId === "string" && PRODUCT_ID.test(productId) && typeof allowTypos === "boolean";
  if (!wellFormed || mark !== digest(scope, key, productId, allowTypos)) throw pageTokenInvalid();
  return { key, productId, allowTypos };
}
