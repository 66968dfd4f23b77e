import type { Logger } from "#kit/log.ts";
import { openS3 } from "#kit/s3/s3.ts";
import type { S3Settings } from "#kit/s3/settings.ts";
import { awaitBucket } from "#kit/s3/wait.ts";
import type { Vault } from "./vault.ts";

const WAIT_MS = 10_000;

/** A backup in a bucket, below a prefix. */
export async function openBucket(settings: S3Settings, prefix: string, log: Logger): Promise<Vault> {
  await awaitBucket({ settings, log, waitMs: WAIT_MS });
  const s3 = openS3({ settings, log });
  const base = prefix === "" ? "" : `${prefix.replace(/\/+$/, "")}/`;
  return {
    name: `s3://${settings.bucket}/${base}`,
    write: async (path, bytes) => void (await s3.put(base + path, bytes)),
    size: async (path) => (await s3.head(base + path))?.sizeBytes,
    read: async (path) => (await s3.get(base + path))?.bytes,
    isEmpty: async () => (await s3.list({ prefix: base, limit: 1 })).length === 0,
    close: () => s3.close(),
  };
}
