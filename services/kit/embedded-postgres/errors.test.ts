import { expect, test } from "vitest";
import { StartError } from "../start-error.ts";
import { explain } from "./errors.ts";

test.each([
  ["initdb: error: could not write to file: No space left on device", "The disk of /data is full"],
  [
    'FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes at block 10',
    "The disk of /data is full",
  ],
  ["ENOSPC: no space left on device, write", "The disk of /data is full"],
  ["EACCES: permission denied, mkdir '/data'", "/data belongs to another user or is not writable"],
  ["EROFS: read-only file system, mkdir '/data'", "/data belongs to another user or is not writable"],
  ["ENOTDIR: not a directory, mkdir '/data'", "/data is not a directory"],
  ["FATAL:  could not create shared memory segment: Cannot allocate memory", "There is not enough memory"],
  [
    "initdb: error: could not look up effective user ID 501: user does not exist",
    "PostgreSQL needs a user with a name",
  ],
  ["FATAL:  could not create any TCP/IP sockets", "PostgreSQL found no free port"],
  ["LOG:  starting\nFATAL:  nobody foresaw this\n", "could not start on /data (nobody foresaw this); its log is /"],
])("%j", (said, sentence) => {
  const error = explain(new Error(said), "/data", import.meta.filename);
  expect(error).toBeInstanceOf(StartError);
  expect(error.message).toContain(sentence);
  expect(error.message).toMatch(/^[^\n]+\.$/);
});
