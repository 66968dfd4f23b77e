import { existsSync } from "node:fs";
import { StartError } from "../start-error.ts";

/** What PostgreSQL, its tools or the system calls say, and what the reader can do about it. */
const REMEDIES: readonly (readonly [RegExp, (directory: string) => string])[] = [
  [
    /No space left on device|ENOSPC|quota exceeded|EDQUOT|wrote only \d+ of \d+ bytes/i,
    (directory) => `The disk of ${directory} is full; free some space or set DATA_DIR to a directory on another disk.`,
  ],
  [
    /Permission denied|EACCES|EPERM|Operation not permitted|Read-only file system|EROFS|has wrong ownership/,
    (directory) =>
      `${directory} belongs to another user or is not writable; start as its owner or set DATA_DIR to a directory ` +
      "you can write to.",
  ],
  [/ENOTDIR|EEXIST/, (directory) => `${directory} is not a directory; remove it or set DATA_DIR to another directory.`],
  [
    /could not create shared memory|Cannot allocate memory|ENOMEM/,
    () => "There is not enough memory for PostgreSQL; close other programs and start again.",
  ],
  [
    /could not look up effective user ID/,
    () => "PostgreSQL needs a user with a name; add this one to /etc/passwd or set POSTGRES_URL to another server.",
  ],
  [
    /could not create any TCP\/IP sockets|could not bind/,
    () => "PostgreSQL found no free port on 127.0.0.1; close programs that hold many connections and start again.",
  ],
];

/**
 * Turns a failure into the sentence for it.
 *
 * @param cause - an error, or what the program printed before it gave up.
 * @param directory - the directory the failure is about.
 * @param logFile - where the reader finds more, if it is there.
 */
export function explain(cause: unknown, directory: string, logFile?: string): StartError {
  if (cause instanceof StartError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const remedy = REMEDIES.find(([pattern]) => pattern.test(text));
  if (remedy) return new StartError(remedy[1](directory), { cause });
  const said = text.match(/(?:FATAL|PANIC|error): *(.*)/)?.[1] ?? text.trim().split("\n").at(-1) ?? "";
  const where = logFile && existsSync(logFile) ? `; its log is ${logFile}` : "";
  return new StartError(`PostgreSQL could not start on ${directory} (${said})${where}.`, { cause });
}
