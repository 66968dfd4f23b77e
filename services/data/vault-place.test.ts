import { pino } from "pino";
import { expect, it } from "vitest";
import { isBackup, openVault } from "./vault-place.ts";

const log = pino({ level: "silent" });

it.each(["s3:/backups/monday", "s3:backups/monday", "s3://", "s3:///monday", "S3://backups/monday"])(
  "%s is no folder, but a mistyped bucket",
  async (word) => {
    expect(isBackup(word)).toBe(true);
    await expect(openVault(word, {}, log)).rejects.toThrow(`"${word}" names no bucket`);
  },
);
