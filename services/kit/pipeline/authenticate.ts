import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "../failure.ts";
import type { TokenVerifier } from "../identity/access-token.ts";
import { clientAddressOf } from "../identity/forwarded.ts";
import { EDGE, type WorkloadIdentity } from "../identity/workload.ts";
import type { Step } from "./pipeline.ts";

/** Finds out which workload calls, and from which address the person behind it came. */
export function authenticateWorkload(identity: WorkloadIdentity): Step {
  return (call) => {
    call.caller = identity.unnamed;
    const caller = identity.callerOf(call);
    if (caller === undefined) return;
    call.caller = caller;
    // Only the edge sees the person's socket, and only its word counts.
    if (caller !== EDGE) return;
    call.clientAddress = clientAddressOf(call.header.get("x-forwarded-for")) ?? call.clientAddress;
  };
}

const SCHEME = "bearer ";
const TOKEN_MAX_LENGTH = 4096;

/** The token of an authorization header; undefined when it holds something else. */
function bearerToken(header: string): string | undefined {
  const token = header.slice(SCHEME.length);
  const isBearer = header.slice(0, SCHEME.length).toLowerCase() === SCHEME;
  const isOne = token.length > 0 && token.length <= TOKEN_MAX_LENGTH && !token.includes(" ") && !token.includes(",");
  return isBearer && isOne ? token : undefined;
}

/** Finds out on whose behalf the call is made. A bad token is refused even where none is needed. */
export function authenticateUser(tokens: TokenVerifier): Step {
  return (call) => {
    const header = call.header.get("authorization");
    if (header === null) return undefined;
    const token = bearerToken(header);
    if (token === undefined)
      throw callFailure(ErrorReason.TOKEN_INVALID, "The authorization header is not a bearer token.");
    const user = tokens.verify(token);
    if (user instanceof Promise) {
      return user.then((it) => {
        call.user = it;
      });
    }
    call.user = user;
    return undefined;
  };
}
