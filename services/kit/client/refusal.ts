import { create, type DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { callFailure } from "../failure.ts";
import { policyOf } from "../policy.ts";

/** The call that was refused. */
export interface RefusedCall {
  readonly method: DescMethod;
  readonly hasToken: boolean;
  /** How far up the contract's scale the user is on whose behalf it was made, if that is known. */
  readonly level: User | undefined;
}

function reasonOf(code: Code, { method, hasToken, level }: RefusedCall): ErrorReason | undefined {
  if (code === Code.Unauthenticated) return hasToken ? ErrorReason.TOKEN_INVALID : ErrorReason.TOKEN_MISSING;
  if (code !== Code.PermissionDenied) return undefined;
  const { user } = policyOf(method);
  if (user === User.ANY) return ErrorReason.CALLER_NOT_ALLOWED;
  if (!hasToken) return ErrorReason.TOKEN_MISSING;
  return level !== undefined && level < user ? ErrorReason.USER_NOT_ALLOWED : ErrorReason.CALLER_NOT_ALLOWED;
}

/**
 * A refusal with its reason. A mesh holds calls to the same contract as services do, but says no more than a status: the
 * contract says why. An error with details is a service's own, and stays as it is.
 */
export function withReason(error: ConnectError, call: RefusedCall): ConnectError {
  if (error.details.length > 0) return error;
  const reason = reasonOf(error.code, call);
  if (reason === undefined) return error;
  const { code, domain, reason: name } = callFailure(reason, "");
  const value = create(ErrorInfoSchema, { reason: name, domain });
  return new ConnectError(error.rawMessage, code, error.metadata, [{ desc: ErrorInfoSchema, value }], error);
}
