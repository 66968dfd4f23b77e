import { durationMs, MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { isFailure } from "../failure.ts";
import { type BackoffPolicy, backoffMs } from "./backoff.ts";

/** How often a call is tried in all. */
export const ATTEMPTS_MAX = 3;
export const RETRY_BACKOFF: BackoffPolicy = { baseMs: 100, factor: 2, maxMs: 1_000, jitter: 1 };

/**
 * What the server says about trying again: milliseconds to wait, "never", or undefined if it says nothing.
 * `grpc-retry-pushback-ms` is gRPC's own (a value that is no time means never), RetryInfo that of google.rpc.
 */
function pushbackMs(error: ConnectError): number | "never" | undefined {
  const header = error.metadata.get("grpc-retry-pushback-ms");
  if (header !== null) return /^\d{1,9}$/.test(header) ? Number(header) : "never";
  const info = error.findDetails(RetryInfoSchema)[0];
  return info?.retryDelay === undefined ? undefined : durationMs(info.retryDelay);
}

/** What failed, and how often it was tried. */
export interface Tried {
  readonly idempotency: Idempotency;
  readonly error: ConnectError;
  /** Attempts so far. */
  readonly attempts: number;
  /** Whether the call is made on behalf of another. */
  readonly nested: boolean;
}

/**
 * Milliseconds to wait before a failed call is tried again; undefined if it must not be. Only what the contract says
 * may be done twice, and only what may end differently: UNAVAILABLE, and RESOURCE_EXHAUSTED if the server says when.
 * That something is away that the server needs is passed on at once by calls on behalf of others: whoever began it all
 * tries again, not everybody on the way, each of whom would wait in vain for most of the time there is.
 */
export function retryDelayMs(
  { idempotency, error, attempts, nested }: Tried,
  random?: () => number,
): number | undefined {
  if (idempotency === Idempotency.IDEMPOTENCY_UNKNOWN || attempts >= ATTEMPTS_MAX) return undefined;
  if (error.code !== Code.Unavailable && error.code !== Code.ResourceExhausted) return undefined;
  if (nested && isFailure(error, ErrorReasonSchema, ErrorReason.DEPENDENCY_UNAVAILABLE)) return undefined;
  const toldMs = pushbackMs(error);
  if (toldMs === "never") return undefined;
  // Callers that were told the same time must not come back all at once.
  if (toldMs !== undefined) return toldMs + backoffMs(RETRY_BACKOFF, 1, random);
  return error.code === Code.Unavailable ? backoffMs(RETRY_BACKOFF, attempts, random) : undefined;
}
