import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "#kit/failure.ts";
import type { TokenVerifier } from "#kit/identity/access-token.ts";
import type { Accounts } from "./accounts.ts";
import { readRefreshCookie, refreshCookie } from "./cookie.ts";
import type { OpenSession, Sessions } from "./sessions.ts";
import type { AuthStore } from "./store.ts";
import { toUser } from "./user.ts";

/** Hands a session to its owner: the refresh token in the cookie, the rest in the answer. */
function handOver(session: OpenSession, { requestHeader, responseHeader }: HandlerContext) {
  responseHeader.append("set-cookie", refreshCookie(requestHeader, session.refreshToken, session.idleMs));
  const { token, expireMs } = session.accessToken;
  return { user: toUser(session.member), accessToken: { token, expireTime: timestampFromMs(expireMs) } };
}

/** Sign-up, sign-in and sessions, over the wire. `verifier` checks with the service's own keys. */
export function createAuthService(deps: {
  accounts: Accounts;
  sessions: Sessions;
  store: AuthStore;
  verifier: TokenVerifier;
  nowMs: () => number;
}): ServiceImpl<typeof AuthService> {
  const { accounts, sessions, store, verifier, nowMs } = deps;
  return {
    async signUp(request, context) {
      return handOver(await sessions.start(await accounts.signUp(request)), context);
    },
    async signIn({ email, password }, context) {
      // A session the browser had before goes on: its token is what a guest's cart is merged with.
      return handOver(await sessions.start(await accounts.signIn(email, password)), context);
    },
    async signInAsGuest(_, context) {
      return handOver(await sessions.start(undefined), context);
    },
    async refreshToken(_, context) {
      return handOver(await sessions.refresh(readRefreshCookie(context.requestHeader)), context);
    },
    async signOut(_, { requestHeader, responseHeader }) {
      await sessions.end(readRefreshCookie(requestHeader));
      responseHeader.append("set-cookie", refreshCookie(requestHeader, "", 0));
      return {};
    },
    async verifyToken({ token }) {
      const { sessionId } = await verifier.verify(token);
      const member = await store.memberOf(sessionId, nowMs());
      if (member === undefined) throw callFailure(ErrorReason.TOKEN_INVALID, "The access token's session is over.");
      return { user: toUser(member) };
    },
  };
}
