import { createHash, randomBytes, randomUUID } from "node:crypto";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/auth/v1/error_reason_pb.js";
import { currentCall } from "#kit/call.ts";
import { failures } from "#kit/failure.ts";
import type { RoleClaim } from "#kit/identity/access-token.ts";
import type { IssuedToken, TokenIssuer } from "./access-tokens.ts";
import { refreshStep } from "./refresh.ts";
import type { AuthStore, Member } from "./store.ts";

const fail = failures(ErrorReasonSchema);

/** A session as its owner gets it: who they are, and what they prove it with. */
export interface OpenSession {
  readonly member: Member;
  readonly accessToken: IssuedToken;
  /** For the cookie; works once. */
  readonly refreshToken: string;
  /** When the session ends unless it is refreshed, in milliseconds from now. */
  readonly idleMs: number;
}

/** Sessions: they live as long as they are refreshed. */
export interface Sessions {
  /** Begins a session of an account, or a guest's. */
  start(account: Member | undefined): Promise<OpenSession>;
  /** An access token in a session that cannot be refreshed, for the process itself. */
  startBrief(account: Member, lifetimeMs: number): Promise<IssuedToken>;
  /** @throws Failure SESSION_ENDED */
  refresh(refreshToken: string | undefined): Promise<OpenSession>;
  /** Ends the session of a refresh token, if there is one. */
  end(refreshToken: string | undefined): Promise<void>;
  /** @throws Failure SESSION_ENDED */
  memberOf(sessionId: string): Promise<Member>;
}

const REFRESH_TOKEN_BYTES = 32;
export const ACCOUNT_IDLE_MS = 24 * 3_600_000;
/** As long as a cart is kept: a guest has nothing else. */
export const GUEST_IDLE_MS = 7 * 24 * 3_600_000;

const idleMs = (role: RoleClaim) => (role === "guest" ? GUEST_IDLE_MS : ACCOUNT_IDLE_MS);
const hashOf = (refreshToken: string) => createHash("sha256").update(refreshToken).digest();
const newRefreshToken = () => randomBytes(REFRESH_TOKEN_BYTES).toString("base64url");
const ended = () => fail(ErrorReason.SESSION_ENDED, "The session is over; sign in again.");

function guest(sessionId: string, createMs: number): Member {
  return { userId: sessionId, email: "", displayName: "", role: "guest", createMs, version: 0 };
}

/** Sessions over a store. `onEnded` is told of those that end before their time, whose access tokens live on. */
export function createSessions(deps: {
  store: AuthStore;
  tokens: TokenIssuer;
  nowMs: () => number;
  onEnded: (sessionId: string) => void;
}): Sessions {
  const { store, tokens, nowMs, onEnded } = deps;
  const open = async (member: Member, sessionId: string, refreshToken: string): Promise<OpenSession> => {
    const accessToken = await tokens.issue({ userId: member.userId, sessionId, role: member.role });
    return { member, accessToken, refreshToken, idleMs: idleMs(member.role) };
  };
  return {
    async start(account) {
      const createMs = nowMs();
      const sessionId = randomUUID();
      const member = account ?? guest(sessionId, createMs);
      const refreshToken = newRefreshToken();
      const session = { sessionId, userId: account?.userId, createMs, expireMs: createMs + idleMs(member.role) };
      await store.insertSession(session, hashOf(refreshToken));
      return open(member, sessionId, refreshToken);
    },
    async startBrief(account, lifetimeMs) {
      const createMs = nowMs();
      const sessionId = randomUUID();
      await store.insertSession({ sessionId, userId: account.userId, createMs, expireMs: createMs + lifetimeMs });
      return tokens.issue({ userId: account.userId, sessionId, role: account.role }, lifetimeMs);
    },
    async refresh(refreshToken) {
      if (refreshToken === undefined) throw ended();
      const atMs = nowMs();
      const next = newRefreshToken();
      const refreshed = await store.refresh(
        hashOf(refreshToken),
        (use) => ({ step: refreshStep(use, atMs), expireMs: atMs + idleMs(use.member.role) }),
        { tokenHash: hashOf(next), nowMs: atMs },
      );
      if (refreshed === undefined || refreshed.step === "expired") throw ended();
      if (refreshed.step === "reused") {
        onEnded(refreshed.sessionId);
        currentCall()?.log.warn(
          { user: refreshed.member.userId },
          "a refresh token came a second time; its session was ended",
        );
        throw ended();
      }
      return open(refreshed.member, refreshed.sessionId, next);
    },
    async end(refreshToken) {
      if (refreshToken === undefined) return;
      const sessionId = await store.endSession(hashOf(refreshToken));
      if (sessionId !== undefined) onEnded(sessionId);
    },
    async memberOf(sessionId) {
      const member = await store.memberOf(sessionId, nowMs());
      if (member === undefined) throw ended();
      return member;
    },
  };
}
