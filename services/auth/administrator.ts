import { randomBytes } from "node:crypto";
import { StartError } from "#kit/start-error.ts";
import { newAccount } from "./accounts.ts";
import type { Passwords } from "./passwords.ts";
import type { AuthStore } from "./store.ts";

/** The first administrator's account, on the one occasion its password is known. */
export interface NewAdministrator {
  readonly email: string;
  readonly password: string;
  /** Whether nobody knows the password unless it is shown now. */
  readonly madeUp: boolean;
}

// 32 characters, so that five bits choose one; none is easily taken for another.
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_CHARACTERS = 20;
const GROUP = 5;

/** A password of 100 random bits that can be read out and typed: "k7mpq-…". */
function makeUpPassword(): string {
  const characters = [...randomBytes(PASSWORD_CHARACTERS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
  return characters.match(new RegExp(`.{${GROUP}}`, "g"))?.join("-") ?? characters;
}

/**
 * Makes the first administrator if there is none, and answers the account if it did. An administrator who exists is left
 * as is, whatever the settings say: a password is changed by its owner, not by a restart.
 * @throws StartError when the address is a customer's
 */
export async function ensureAdministrator(
  deps: { store: AuthStore; passwords: Passwords; nowMs: () => number },
  wanted: { email: string; password: string | undefined },
): Promise<NewAdministrator | undefined> {
  if ((await deps.store.firstAdministrator()) !== undefined) return undefined;
  const password = wanted.password ?? makeUpPassword();
  const person = {
    email: wanted.email,
    displayName: "Administrator",
    role: "admin",
    passwordHash: await deps.passwords.hash(password),
  } as const;
  const { account, event } = newAccount(person, deps.nowMs());
  const result = await deps.store.insertFirstAdministrator(account, event);
  if (result === "email_taken")
    throw new StartError(`ADMIN_EMAIL is "${wanted.email}", but that is a customer's; choose another address.`);
  return result === "created" ? { email: account.email, password, madeUp: wanted.password === undefined } : undefined;
}
