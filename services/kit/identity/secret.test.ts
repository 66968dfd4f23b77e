import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StartError } from "../start-error.ts";
import { workloadSecret } from "./secret.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "shopmesh-kit-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe("the secret of a data directory", () => {
  it("is one, however many ask at once and later", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => workloadSecret(join(dataDir, "deep", "er"))));
    all.push(await workloadSecret(join(dataDir, "deep", "er")));
    expect(new Set(all.map(String)).size).toBe(1);
    expect(all[0]).toHaveLength(32);
    expect(await readdir(join(dataDir, "deep", "er"))).toEqual(["workload.secret"]);
  });

  it("is for its owner alone, and another in another directory", async () => {
    const one = await workloadSecret(join(dataDir, "one"));
    expect(await workloadSecret(join(dataDir, "two"))).not.toEqual(one);
    expect((await stat(join(dataDir, "one", "workload.secret"))).mode & 0o077).toBe(0);
  });

  it("stops the start with a sentence where the directory cannot be one", async () => {
    const secret = workloadSecret("/dev/null/x");
    await expect(secret).rejects.toThrow(StartError);
    await expect(secret).rejects.toThrow("in /dev/null/x (ENOTDIR); set DATA_DIR to a folder");
  });

  it.each(["", "short", "x".repeat(33)])(
    "that is damaged stops the start, since it could be guessed: %j",
    async (content) => {
      await writeFile(join(dataDir, "workload.secret"), content);
      await expect(workloadSecret(dataDir)).rejects.toThrow(StartError);
      await expect(workloadSecret(dataDir)).rejects.toThrow("workload.secret is damaged");
    },
  );
});
