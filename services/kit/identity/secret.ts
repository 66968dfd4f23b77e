import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../start-error.ts";

const SECRET_BYTES = 32;

/**
 * The secret that processes on one data directory prove themselves with; made by the first.
 * @throws StartError when the file does not hold one, since an empty secret could be guessed.
 */
export async function workloadSecret(dataDir: string): Promise<Buffer> {
  const path = join(dataDir, "workload.secret");
  const draft = `${path}.${randomUUID()}`;
  await mkdir(dataDir, { recursive: true });
  await writeFile(draft, randomBytes(SECRET_BYTES), { mode: 0o600 });
  // A link appears whole and only where there is none: of two that start at once, one makes it and both read the same.
  await link(draft, path)
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    })
    .finally(() => rm(draft, { force: true }));
  const secret = await readFile(path);
  if (secret.length !== SECRET_BYTES) {
    throw new StartError(`${path} is damaged; stop all of Shopmesh, remove that file and start again.`);
  }
  return secret;
}
