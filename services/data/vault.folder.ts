import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { StartError } from "#kit/start-error.ts";
import type { Vault } from "./vault.ts";

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

const isAbsent = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";

function ifThere<T>(otherwise: T) {
  return (error: unknown): T => {
    if (isAbsent(error)) return otherwise;
    throw error;
  };
}

/** A backup in a folder. Passwords' hashes and keys are in it: it is for its owner alone. */
export function openFolder(root: string): Vault {
  const base = resolve(root);
  const inside = (path: string) => {
    const full = resolve(base, path);
    // Names come from a manifest, which may be anybody's work.
    if (!full.startsWith(base + sep)) throw new StartError(`"${path}" is no name of a file in ${root}.`);
    return full;
  };
  return {
    name: root,
    async write(path, bytes) {
      const full = inside(path);
      await mkdir(dirname(full), { recursive: true, mode: FOLDER_MODE });
      const draft = join(dirname(full), `.${randomBytes(6).toString("hex")}`);
      const file = await open(draft, "wx", FILE_MODE);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, full);
    },
    size: async (path) => (await stat(inside(path)).catch(ifThere(undefined)))?.size,
    read: (path) => readFile(inside(path)).catch(ifThere(undefined)),
    isEmpty: async () => (await readdir(base).catch(ifThere([] as string[]))).length === 0,
    close: () => {},
  };
}
