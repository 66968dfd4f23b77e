import type { UserEvent } from "#gen/shop/events/v1/user_event_pb.js";
import type { RoleClaim } from "#kit/identity/access-token.ts";
import type { Attempts } from "./lockout.ts";
import type { RefreshStep, TokenUse } from "./refresh.ts";
import type { SigningKey } from "./signing-keys.ts";

/** Somebody who uses the shop. A guest has no account, only a session, and goes by that session's id. */
export interface Member {
  readonly userId: string;
  /** In lower case; empty for guests. */
  readonly email: string;
  readonly displayName: string;
  readonly role: RoleClaim;
  readonly createMs: number;
  /** Grows with every change of the profile. */
  readonly version: number;
}

/** Somebody with an account, and what their password is checked against. */
export interface Account extends Member {
  readonly passwordHash: string;
}

/** A session as it begins. */
interface NewSession {
  readonly sessionId: string;
  /** Undefined for a guest. */
  readonly userId: string | undefined;
  readonly createMs: number;
  readonly expireMs: number;
}

/** What the use of a refresh token led to. */
interface Refreshed {
  readonly sessionId: string;
  readonly member: Member;
  readonly step: RefreshStep;
}

/** Accounts. Events are stored with the change they tell of, or neither is. */
export interface AccountStore {
  /** Adds an account; false when its address has one. */
  insertAccount(account: Account, event: UserEvent): Promise<boolean>;
  /** Adds the first administrator: "exists" when there is one, of several callers at once one succeeds. */
  insertFirstAdministrator(account: Account, event: UserEvent): Promise<"created" | "exists" | "email_taken">;
  /** The administrator who was there first. */
  firstAdministrator(): Promise<Account | undefined>;
  accountByEmail(email: string): Promise<Account | undefined>;
  /**
   * Changes a profile: `change` sees it as it is, locked, and answers the new name and the event, or undefined to leave it.
   * Undefined when there is no such account.
   */
  updateProfile(
    userId: string,
    change: (current: Member) => { displayName: string; event: UserEvent } | undefined,
  ): Promise<Member | undefined>;
}

/** Sessions and their refresh tokens. */
export interface SessionStore {
  /** Begins a session, with its first refresh token's hash if it is to be refreshed. */
  insertSession(session: NewSession, tokenHash?: Buffer): Promise<void>;
  /** Whose session it is; undefined when it has ended. */
  memberOf(sessionId: string, nowMs: number): Promise<Member | undefined>;
  /**
   * Uses a refresh token: `decide` sees its state with the session locked; then the token and those beside it are
   * replaced, another is issued beside them, or the session ends. Undefined when nobody knows the token.
   */
  refresh(
    tokenHash: Buffer,
    decide: (use: TokenUse) => { step: RefreshStep; expireMs: number },
    next: { tokenHash: Buffer; nowMs: number },
  ): Promise<Refreshed | undefined>;
  /** Ends the session a refresh token belongs to, if there is one, and answers which. */
  endSession(tokenHash: Buffer): Promise<string | undefined>;
}

/** Failed attempts to sign in. */
export interface AttemptStore {
  /** Replaces the attempts at an account by what `next` makes of them, and answers what they were before. */
  countAttempt(emailHash: Buffer, next: (before: Attempts) => Attempts): Promise<Attempts>;
  forgetAttempts(emailHash: Buffer): Promise<void>;
}

/** Keys that sign access tokens. */
export interface KeyStore {
  /** All keys that are kept. */
  signingKeys(): Promise<readonly SigningKey[]>;
  /** Adds the key that `plan` finds missing, if any; of several callers at once each sees what the one before added. */
  addSigningKey(plan: (keys: readonly SigningKey[]) => SigningKey | undefined): Promise<readonly SigningKey[]>;
}

/** All that auth keeps. Times come from the caller's clock. */
export interface AuthStore extends AccountStore, SessionStore, AttemptStore, KeyStore {
  /** Removes what is of no use any more, at most `limit` rows of a kind; answers how many rows went of the largest kind. */
  sweep(nowMs: number, limit: number): Promise<number>;
}
