import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../start-error.ts";

const SECRET_BYTES = 32;

const pathIn = (dataDir: string) => join(dataDir, "workload.secret");

/** A fault of the system's, in a sentence that says what to do about it. */
function explain(error: NodeJS.ErrnoException, dataDir: string): unknown {
  if (error.syscall === undefined) return error;
  return new StartError(
    `Nothing can be kept in ${dataDir} (${error.code}); set DATA_DIR to a folder that this user may write to, on a disk with room.`,
    { cause: error },
  );
}

/**
 * The secret that processes on one data directory prove themselves with; made by the first.
 * @throws StartError when the directory cannot be used, or when the file does not hold a secret, since an empty one could
 *   be guessed.
 */
export async function workloadSecret(dataDir: string): Promise<Buffer> {
  const secret = await readOrMake(dataDir).catch((error: NodeJS.ErrnoException) => {
    throw explain(error, dataDir);
  });
  if (secret.length !== SECRET_BYTES) {
    throw new StartError(`${pathIn(dataDir)} is damaged; stop all of Shopmesh, remove that file and start again.`);
  }
  return secret;
}

async function readOrMake(dataDir: string): Promise<Buffer> {
  const path = pathIn(dataDir);
  const draft = `${path}.${randomUUID()}`;
  await mkdir(dataDir, { recursive: true });
  await writeFile(draft, randomBytes(SECRET_BYTES), { mode: 0o600 });
  // A link appears whole and only where there is none: of two that start at once, one makes it and both read the same.
  await link(draft, path)
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    })
    .finally(() => rm(draft, { force: true }));
  return readFile(path);
}
