import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cached } from "./cache.ts";

const INSTALL_MS = 50;
/** No process has it: greater than any system gives. */
const NOBODY = 2 ** 30;

let cache: string;
let before: string | undefined;
beforeEach(async () => {
  before = process.env.ENGINES_CACHE;
  cache = await mkdtemp(join(tmpdir(), "shopmesh-cache-"));
  process.env.ENGINES_CACHE = cache;
});
afterEach(async () => {
  if (before === undefined) delete process.env.ENGINES_CACHE;
  else process.env.ENGINES_CACHE = before;
  await rm(cache, { recursive: true, force: true });
});

describe("a program in the cache", () => {
  it("is installed once, however many want it at the same time", async () => {
    let installs = 0;
    const install = async (folder: string) => {
      installs += 1;
      await sleep(INSTALL_MS);
      await writeFile(join(folder, "program"), "it");
    };
    const folders = await Promise.all([cached("a-1", install), cached("a-1", install), cached("a-1", install)]);
    expect(new Set(folders)).toEqual(new Set([join(cache, "a-1")]));
    expect(installs).toBe(1);
    expect(await readFile(join(cache, "a-1", "program"), "utf8")).toBe("it");
    expect(await readdir(cache)).toEqual(["a-1"]);
  });

  it("is not there in part: what fails leaves nothing behind, and is tried again", async () => {
    const failing = async (folder: string) => {
      await writeFile(join(folder, "half"), "");
      throw new Error("no network");
    };
    await expect(cached("a-1", failing)).rejects.toThrow("no network");
    expect(await readdir(cache)).toEqual([]);
    expect(await cached("a-1", async () => {})).toBe(join(cache, "a-1"));
  });

  it("is installed where another process died while it did", async () => {
    await writeFile(join(cache, "a-1.lock"), `${NOBODY}`);
    expect(await cached("a-1", async () => {})).toBe(join(cache, "a-1"));
    expect(await readdir(cache)).toEqual(["a-1"]);
  });
});
