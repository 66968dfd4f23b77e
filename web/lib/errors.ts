import type { DescEnum } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import { ErrorReasonSchema as MeshReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { domainOf, sentences } from "./sentences.ts";

/** A failed call, as a page can use it. */
export interface Problem {
  readonly code: Code;
  /** What happened, for a person. */
  readonly sentence: string;
  /** Whether the shop knows this failure; if not, the request id leads to the cause. */
  readonly known: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** What is wrong with the input, by the path of the field ("shipping_address.city"). */
  readonly violations: readonly { readonly field: string; readonly description: string }[];
  /** When it is worth trying again, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;
}

/** What stands in the failure of a call. */
export function problemOf(thrown: unknown): Problem {
  const error = ConnectError.from(thrown);
  const info = error.findDetails(ErrorInfoSchema)[0];
  const metadata = info?.metadata ?? {};
  const sentence = info && sentences.get(`${info.domain}/${info.reason}`);
  const retry = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const retryAfterMs = retry && durationMs(retry);
  return {
    code: error.code,
    sentence: sentence ? sentence(metadata, retryAfterMs) : sentenceOfCode(error),
    known: sentence !== undefined || isUnreachable(error),
    metadata,
    violations: error.findDetails(BadRequestSchema)[0]?.fieldViolations ?? [],
    retryAfterMs,
    requestId: error.findDetails(RequestInfoSchema)[0]?.requestId || undefined,
  };
}

/** What happened, for a person. */
export const sentenceOf = (thrown: unknown): string => problemOf(thrown).sentence;

/** Whether a call failed for this reason of a contract. */
export function hasReason(thrown: unknown, schema: DescEnum, reason: number): boolean {
  const info = ConnectError.from(thrown).findDetails(ErrorInfoSchema)[0];
  return info?.domain === domainOf(schema) && info.reason === schema.value[reason]?.localName;
}

/**
 * Whether nobody can say if the call was carried out: the network broke, the shop did not answer in time, or something
 * unforeseen happened in it. A failure with a reason of its own is an answer.
 */
export function isOutcomeUnknown(thrown: unknown): boolean {
  const { code } = ConnectError.from(thrown);
  return [Code.Unavailable, Code.DeadlineExceeded, Code.Internal, Code.Unknown, Code.Aborted].includes(code);
}

/** Whether it is certain that the call never came to the service it was for, so that nothing can have come of it. */
export function hasNotArrived(thrown: unknown): boolean {
  const info = ConnectError.from(thrown).findDetails(ErrorInfoSchema)[0];
  return info?.domain === domainOf(MeshReasonSchema) && info.metadata.reached === "no";
}

/** Whether the shop could not be reached, so that trying again may help. */
export function isUnreachable(thrown: unknown): boolean {
  const error = ConnectError.from(thrown);
  return error.code === Code.Unavailable || error.code === Code.DeadlineExceeded || error.cause instanceof TypeError;
}

function sentenceOfCode(error: ConnectError): string {
  if (isUnreachable(error) || globalThis.navigator?.onLine === false)
    return "The shop cannot be reached just now. Check your connection and try again.";
  if (error.code === Code.NotFound) return "This does not exist, or not any more.";
  if (error.code === Code.ResourceExhausted) return "That was a little fast. Please wait a moment and try again.";
  if (error.code === Code.Unauthenticated) return "Please sign in to go on.";
  if (error.code === Code.PermissionDenied) return "Your account may not do this.";
  return "Something went wrong on our side. Please try again.";
}
