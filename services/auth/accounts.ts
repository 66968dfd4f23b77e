import { createHash, randomUUID } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/auth/v1/error_reason_pb.js";
import { UserEventSchema } from "#gen/shop/events/v1/user_event_pb.js";
import { failures } from "#kit/failure.ts";
import { afterAttempt, lockedMs } from "./lockout.ts";
import type { Passwords } from "./passwords.ts";
import type { Account, AuthStore, Member } from "./store.ts";

const fail = failures(ErrorReasonSchema);

/** How an attempt to sign in ended. */
export type SignInResult = "succeeded" | "refused" | "locked_out";

/** Accounts: making them, proving one's own, changing its profile. */
export interface Accounts {
  /** @throws Failure EMAIL_TAKEN: it tells that there is an account, which one's own mistake is worth. */
  signUp(person: { email: string; password: string; displayName: string }): Promise<Member>;
  /** @throws Failure CREDENTIALS_INVALID or LOCKED_OUT, the same for an address without an account */
  signIn(email: string, password: string): Promise<Member>;
  /**
   * Changes the name; an update that changes nothing succeeds, so that it may be repeated.
   * @param etag of the profile it is based on; empty: whatever it is
   * @throws Failure ETAG_MISMATCH, or SESSION_ENDED when the account is gone
   */
  rename(userId: string, displayName: string, etag: string): Promise<Member>;
}

/** A profile's etag. */
export const etagOf = (member: Member) => `v${member.version}`;

/** An account to be stored, with the event that tells of it. */
export function newAccount(person: Pick<Account, "email" | "displayName" | "role" | "passwordHash">, nowMs: number) {
  const account: Account = {
    ...person,
    email: person.email.toLowerCase(),
    userId: randomUUID(),
    createMs: nowMs,
    version: 1,
  };
  const { email, displayName } = account;
  return { account, event: userEvent(account.userId, { case: "signedUp", value: { email, displayName } }, nowMs) };
}

function userEvent(
  userId: string,
  event: NonNullable<MessageInitShape<typeof UserEventSchema>["event"]>,
  nowMs: number,
) {
  return create(UserEventSchema, { eventId: randomUUID(), occurTime: timestampFromMs(nowMs), userId, event });
}

export function createAccounts(deps: {
  store: AuthStore;
  passwords: Passwords;
  nowMs: () => number;
  onSignUp: () => void;
  onSignIn: (result: SignInResult) => void;
}): Accounts {
  const { store, passwords, nowMs } = deps;
  const signIn = async (email: string, password: string): Promise<Member> => {
    const emailHash = createHash("sha256").update(email).digest();
    const atMs = nowMs();
    const retryAfterMs = lockedMs(await store.countAttempt(emailHash, (before) => afterAttempt(before, atMs)), atMs);
    if (retryAfterMs > 0) {
      deps.onSignIn("locked_out");
      throw fail(ErrorReason.LOCKED_OUT, "Too many failed attempts; try again later.", { retryAfterMs });
    }
    const account = await store.accountByEmail(email);
    const matches = await passwords.matches(password, account?.passwordHash);
    if (account === undefined || !matches) {
      deps.onSignIn("refused");
      throw fail(ErrorReason.CREDENTIALS_INVALID, "E-mail address and password do not belong together.");
    }
    await store.forgetAttempts(emailHash);
    deps.onSignIn("succeeded");
    return account;
  };
  return {
    signUp: ({ email, password, displayName }) =>
      passwords.admit(async () => {
        const passwordHash = await passwords.hash(password);
        const { account, event } = newAccount({ email, displayName, role: "customer", passwordHash }, nowMs());
        if (!(await store.insertAccount(account, event))) {
          throw fail(ErrorReason.EMAIL_TAKEN, "This address has an account already; sign in instead.");
        }
        deps.onSignUp();
        return account;
      }),
    signIn: (email, password) => passwords.admit(() => signIn(email.toLowerCase(), password)),
    async rename(userId, displayName, etag) {
      const member = await store.updateProfile(userId, (current) => {
        if (current.displayName === displayName) return undefined;
        if (etag !== "" && etag !== etagOf(current)) {
          throw fail(ErrorReason.ETAG_MISMATCH, "The profile was changed meanwhile; look at it again.");
        }
        return { displayName, event: userEvent(userId, { case: "profileUpdated", value: { displayName } }, nowMs()) };
      });
      if (member === undefined) throw fail(ErrorReason.SESSION_ENDED, "The account is gone.");
      return member;
    },
  };
}
