import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "#kit/env.ts";
import type { Logger } from "#kit/log.ts";
import { parseS3 } from "#kit/s3/settings.ts";
import { StartError } from "#kit/start-error.ts";
import { openFolder } from "./vault.folder.ts";
import { openBucket } from "./vault.s3.ts";
import type { Vault } from "./vault.ts";

/** The variable that says where the S3 of backups is, and by which keys. */
export const BACKUP_URL = "BACKUP_S3_URL";

const S3 = /^s3:\/\/([^/]+)\/?(.*)$/;
/** A slip in it makes no folder of that name. */
const LIKE_S3 = /^s3:/i;

/** The bucket of another name at the S3 of a URL: keys and host stay. */
function bucketUrl(url: string, bucket: string): string {
  const it = URL.canParse(url) ? new URL(url) : undefined;
  if (it === undefined) return url; // what is wrong with it is said by who parses it
  it.pathname = `/${bucket}`;
  return it.href;
}

/**
 * The place of a backup that a word means: "s3://bucket/path" or a folder.
 * @throws StartError
 */
export async function openVault(word: string, env: Env, log: Logger): Promise<Vault> {
  const s3 = S3.exec(word);
  if (s3 === null && LIKE_S3.test(word))
    throw new StartError(`"${word}" names no bucket: a backup in an S3 is like s3://bucket/path, with two slashes.`);
  if (s3 === null) return openFolder(word);
  const variable = env[BACKUP_URL] ? BACKUP_URL : "S3_URL";
  const url = env[variable];
  if (!url)
    throw new StartError(
      `Neither ${BACKUP_URL} nor S3_URL is set: say where ${word} is and by which keys, as in https://key:secret@host/bucket.`,
    );
  const [, bucket = "", prefix = ""] = s3;
  return openBucket(parseS3(bucketUrl(url, bucket), variable, env), prefix, log);
}

/** Whether a word means a backup rather than a shop, where both may stand. */
export function isBackup(word: string): boolean {
  return LIKE_S3.test(word) || existsSync(join(word, "manifest.json"));
}
