import type { OutgoingHttpHeaders } from "node:http";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure, type Failure } from "../failure.ts";
import type { Peer } from "../identity/workload.ts";

/** Smaller bodies are no burden, as many of them as a connection may have calls. */
export const HELD_MIN_BYTES = 64 * 1_024;

/** Whether a request says itself that its body is larger. */
export function isDeclaredLarger(contentLength: string | undefined, maxBytes: number): boolean {
  return contentLength !== undefined && Number(contentLength) > maxBytes;
}

/** The failure of a call whose answer would be one too many that its client has not taken in. */
export function tooMuchHeld(): Failure {
  return callFailure(ErrorReason.OVERLOADED, "Earlier answers on this connection have to be read first.", {
    retryAfterMs: HELD_RETRY_AFTER_MS,
  });
}
const HELD_RETRY_AFTER_MS = 1_000;

/** Told of a request's body: the bytes, or undefined when there are more than were to be read. */
export type OnBody = (body: Buffer | undefined) => void;

/** A request and its answer, by whichever version of HTTP. */
export interface HttpExchange {
  /** "POST". */
  readonly verb: string;
  /** The path and query as they came. */
  readonly url: string;
  /** The other end of the connection. */
  readonly peer: Peer;
  /** A header of the request, by its name in lower case. */
  header(name: string): string | undefined;
  /** All headers of the request. */
  headers(): Headers;
  /** Takes in the body; at most once. What arrives before is kept. A request that breaks off is told by `onGone` only. */
  read(maxBytes: number, onBody: OnBody): void;
  /** Calls back when the client goes away before the answer was sent. */
  onGone(listener: () => void): void;
  /**
   * Sends the answer; what remains of the request is not looked at any more. Does nothing when the client has gone.
   * @throws TypeError for what may not stand in a header, Failure OVERLOADED when the client leaves too much unread; nothing
   * has been sent then.
   */
  respond(status: number, header: OutgoingHttpHeaders, body?: Uint8Array, trailer?: OutgoingHttpHeaders): void;
  /** Breaks off: there is no way to answer. */
  abandon(): void;
}
