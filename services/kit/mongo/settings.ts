import type { Env } from "../env.ts";
import { StartError } from "../start-error.ts";

/** Where MongoDB is: the value of `MONGODB_URL`, with the database's name; undefined where it is not set. */
export function readMongo(env: Env): string | undefined {
  const value = env.MONGODB_URL || undefined;
  // Several hosts make it no URL in the sense of the standard; and it may hold a password, so the sentence does not repeat it.
  if (value === undefined) return undefined;
  const [, user] = /^mongodb(?:\+srv)?:\/\/(.*)@/s.exec(value) ?? [];
  // The driver would take what follows for hosts, and say so with the whole URL.
  if (user !== undefined && /[/?#@[\]]/.test(user))
    throw new StartError(
      'MONGODB_URL has one of the characters / ? # [ ] @ in its user or password, or an @ behind the host: special characters must be percent-encoded ("/" is %2F, "@" is %40).',
    );
  if (!/^mongodb(\+srv)?:\/\/[^/]+\/[^/?]+/.test(value))
    throw new StartError("MONGODB_URL is not like mongodb://user:password@host:27017/database.");
  return value;
}
