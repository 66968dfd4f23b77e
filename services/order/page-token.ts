import { ErrorReason, fail } from "./reasons.ts";

/** Where a page of orders ended. */
export interface Position {
  readonly createdAt: Date;
  readonly orderId: string;
}

// The last moment that Date knows, in milliseconds.
const TIME_MAX_MS = 8.64e15;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An opaque token for the page after this position; `scope` ties it to one list. */
export function encodePageToken(position: Position, scope: string): string {
  return Buffer.from(JSON.stringify([position.createdAt.getTime(), position.orderId, scope])).toString("base64url");
}

/** The position a token stands for. @throws Failure PAGE_TOKEN_INVALID for a token of another list, or none at all */
export function decodePageToken(token: string, scope: string): Position | undefined {
  if (token === "") return undefined;
  const invalid = fail(ErrorReason.PAGE_TOKEN_INVALID, "The page token does not belong to this list.");
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    throw invalid;
  }
  const [time, orderId, of] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (
    typeof time !== "number" ||
    !Number.isInteger(time) ||
    time < 0 ||
    time > TIME_MAX_MS ||
    typeof orderId !== "string" ||
    !UUID.test(orderId) ||
    of !== scope
  )
    throw invalid;
  return { createdAt: new Date(time), orderId };
}
