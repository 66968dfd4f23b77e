import { type Env, url } from "../env.ts";
import { StartError } from "../start-error.ts";

/** Where an S3 is: the value of `S3_URL`, with key, secret and bucket; undefined where it is not set. */
export function readS3(env: Env): string | undefined {
  const value = url(env, "S3_URL", ["http", "https"]);
  // The value holds a secret, so the sentence does not repeat it.
  if (value !== undefined && !/^\/[^/]+$/.test(new URL(value).pathname))
    throw new StartError("S3_URL is not like https://key:secret@host/bucket?region=eu-central-1.");
  return value;
}
