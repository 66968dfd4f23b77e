import { create, type DescEnum, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type BadRequest_FieldViolationSchema,
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { statusCodeOf } from "./policy.ts";

/** What a failure may carry besides its reason. */
export interface FailureDetails {
  /** Values that programs act on: identifiers, limits. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Fields of the request that are wrong. */
  readonly violations?: readonly MessageInitShape<typeof BadRequest_FieldViolationSchema>[];
  /** When it is worth trying again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What lies behind it; goes to the log, never to the caller. */
  readonly cause?: unknown;
}

/** A failure with a reason from a contract's ErrorReason enum: what the domain throws. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: Code;
  readonly reason: string;
  readonly domain: string;
  readonly details: FailureDetails;

  constructor(schema: DescEnum, value: number, message: string, details: FailureDetails) {
    super(message, { cause: details.cause });
    const descriptor = schema.value[value];
    if (descriptor === undefined) throw new Error(`${schema.typeName} has no value ${value}`);
    this.code = statusCodeOf(descriptor) as number as Code;
    this.reason = descriptor.localName;
    this.domain = schema.file.proto.package.replace(/\.v\d+$/, "");
    this.details = details;
  }
}

/**
 * The failures of one contract: `const fail = failures(ErrorReasonSchema); throw fail(ErrorReason.OUT_OF_STOCK, "…")`.
 * Reason, domain and status code come from the enum.
 */
export function failures(schema: DescEnum) {
  return (reason: number, message: string, details: FailureDetails = {}) =>
    new Failure(schema, reason, message, details);
}

const fail = failures(ErrorReasonSchema);
/** Failures that any call can end with. */
export const callFailure = (reason: ErrorReason, message: string, details?: FailureDetails) =>
  fail(reason, message, details);

/** Whether an error, caught from a client's call, is the failure with this reason of a contract. */
export function isFailure(error: unknown, schema: DescEnum, reason: number): boolean {
  const name = schema.value[reason]?.localName;
  const domain = schema.file.proto.package.replace(/\.v\d+$/, "");
  if (error instanceof Failure) return error.reason === name && error.domain === domain;
  if (!(error instanceof ConnectError)) return false;
  return error.findDetails(ErrorInfoSchema).some((info) => info.reason === name && info.domain === domain);
}

/** The metadata of the ErrorInfo in a client call's error. */
export function failureMetadata(error: unknown): Readonly<Record<string, string>> {
  if (error instanceof Failure) return error.details.metadata ?? {};
  return error instanceof ConnectError ? (error.findDetails(ErrorInfoSchema)[0]?.metadata ?? {}) : {};
}

// What a dependency answered that is as much an answer to our own caller. Anything else of its troubles is ours.
const PASSED_ON = new Set([
  Code.NotFound,
  Code.FailedPrecondition,
  Code.InvalidArgument,
  Code.AlreadyExists,
  Code.Aborted,
  Code.Unauthenticated,
]);
const AWAY = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted]);
const RETRY_AFTER_MS = 1_000;

/** Turns whatever a handler threw into a Failure; what nobody expected becomes an opaque INTERNAL. */
function toFailure(error: unknown, requestId: string): Failure | ConnectError {
  if (error instanceof Failure) return error;
  if (error instanceof ConnectError) {
    if (error.code === Code.Canceled) return error;
    if (PASSED_ON.has(error.code) && error.findDetails(ErrorInfoSchema).length === 1) return error;
    if (AWAY.has(error.code)) {
      return fail(ErrorReason.DEPENDENCY_UNAVAILABLE, "A part of the shop is away for the moment; try again.", {
        retryAfterMs: RETRY_AFTER_MS,
        cause: error,
      });
    }
  }
  return fail(ErrorReason.INTERNAL, `Something went wrong on our side (request ${requestId}).`, { cause: error });
}

/**
 * The failure as Connect knows errors. Without a stack, which costs more than all else here and would say nothing: that
 * of the failure, its cause, says where it comes from.
 */
function connectErrorOf(failure: Failure): ConnectError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new ConnectError(failure.message, failure.code, undefined, undefined, failure);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

/** The error that goes over the wire: a status, exactly one ErrorInfo, and what else helps the caller. */
export function toConnectError(error: unknown, requestId: string): ConnectError {
  const failure = toFailure(error, requestId);
  if (failure instanceof ConnectError) return failure;
  const { metadata, violations, retryAfterMs } = failure.details;
  const result = connectErrorOf(failure);
  result.details.push({
    desc: ErrorInfoSchema,
    value: create(ErrorInfoSchema, { reason: failure.reason, domain: failure.domain, metadata: { ...metadata } }),
  });
  if (violations !== undefined) {
    result.details.push({
      desc: BadRequestSchema,
      value: create(BadRequestSchema, { fieldViolations: [...violations] }),
    });
  }
  if (retryAfterMs !== undefined) {
    result.details.push({
      desc: RetryInfoSchema,
      value: create(RetryInfoSchema, { retryDelay: durationFromMs(retryAfterMs) }),
    });
  }
  result.details.push({ desc: RequestInfoSchema, value: create(RequestInfoSchema, { requestId }) });
  return result;
}
