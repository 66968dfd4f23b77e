import type { Env } from "../env.ts";
import { StartError } from "../start-error.ts";

/** Where Redis is: the value of `REDIS_URL`; undefined where it is not set. */
export function readRedis(env: Env): string | undefined {
  const value = env.REDIS_URL || undefined;
  // It may hold a password, so the sentence does not repeat it.
  if (value !== undefined && !/^rediss?(\+sentinel|\+cluster)?:\/\/[^/]+/.test(value))
    throw new StartError("REDIS_URL is not like redis://user:password@host:6379/0.");
  return value;
}
