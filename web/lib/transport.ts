import { getOption } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { policy, User } from "#gen/shop/mesh/v1/policy_pb.js";
import { hasReason } from "./errors.ts";
import type { Need, Session } from "./session.ts";

/** Calls without a token: those that begin and end sessions. */
export function createOpenTransport(baseUrl: string): Transport {
  return createConnectTransport({ baseUrl });
}

/** Calls on behalf of whoever is there, with a token as each call's contract asks for it. */
export function createShopTransport(baseUrl: string, session: Pick<Session, "token" | "replace">): Transport {
  return createConnectTransport({ baseUrl, interceptors: [authenticate(session)] });
}

const NEEDS: Partial<Record<User, Need>> = {
  [User.GUEST]: "guest",
  [User.SIGNED_IN]: "account",
  [User.ADMIN]: "account",
};

/** Sends the access token along, and once more with a new one where a service finds it is over. */
export function authenticate(session: Pick<Session, "token" | "replace">): Interceptor {
  return (next) => async (request) => {
    const need = NEEDS[getOption(request.method, policy).user] ?? "anybody";
    const token = await session.token(need);
    if (token === undefined) return next(request).catch((error: unknown) => Promise.reject(withoutToken(error, need)));
    request.header.set("authorization", `Bearer ${token}`);
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: watched(response.message, session, token) } : response;
    } catch (error) {
      if (!isTokenInvalid(error)) throw error;
      const renewed = await session.replace(token);
      // What a stream was asked cannot be asked again here: whoever opens it again has the new token.
      if (request.stream || renewed === undefined || renewed === token) throw error;
      request.header.set("authorization", `Bearer ${renewed}`);
      return next(request);
    }
  };
}

/** A stream says that the token is over within its messages; whoever opens it again then has a new one. */
async function* watched<T>(messages: AsyncIterable<T>, session: Pick<Session, "replace">, token: string) {
  try {
    yield* messages;
  } catch (error) {
    if (isTokenInvalid(error)) await session.replace(token);
    throw error;
  }
}

const isUnexplained = (error: ConnectError) => error.findDetails(ErrorInfoSchema).length === 0;

/** A proxy says of a call without a token that it is forbidden; to the person, a token is what is missing. */
function withoutToken(thrown: unknown, need: Need): unknown {
  const error = ConnectError.from(thrown);
  if (need === "anybody" || error.code !== Code.PermissionDenied || !isUnexplained(error)) return thrown;
  return new ConnectError(error.rawMessage, Code.Unauthenticated, error.metadata);
}

/** A proxy on the way may refuse a token as well; it says no more than that, while services always give a reason. */
function isTokenInvalid(thrown: unknown): boolean {
  const error = ConnectError.from(thrown);
  const unexplained = error.code === Code.Unauthenticated && isUnexplained(error);
  return unexplained || hasReason(error, ErrorReasonSchema, ErrorReason.TOKEN_INVALID);
}
