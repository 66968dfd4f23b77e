import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageStoreContract } from "./store.contract.ts";
import { createDiskStore } from "./store.disk.ts";
import { withRecentFiles } from "./store.recent.ts";
import type { ImageStore } from "./store.ts";

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "shopmesh-recent-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

imageStoreContract(async () => withRecentFiles(await createDiskStore(join(root, `${count++}`))));

describe("files that were asked for lately", () => {
  const SECOND_MS = 1_000;

  /** A store behind the memory that may be away, and says what it is asked. */
  function behind(files: Map<string, string>) {
    const it = { asked: 0, isAway: false, ms: 0 };
    const store = {
      async variant(id: string, name: string) {
        it.asked += 1;
        if (it.isAway) throw new Error("away");
        const content = files.get(`${id}/${name}`);
        return content === undefined
          ? undefined
          : { sizeBytes: content.length, read: () => new Blob([content]).stream() as never };
      },
      delete: async () => files.clear(),
    } as unknown as ImageStore;
    const options = { maxBytes: 10, freshMs: 10 * SECOND_MS, staleMs: 60 * SECOND_MS, nowMs: () => it.ms };
    const recent = withRecentFiles(store, options);
    const read = async (key: string) => {
      const [id = "", name = ""] = key.split("/");
      const file = await recent.variant(id, name);
      return file && text(file.read(0, file.sizeBytes - 1));
    };
    return Object.assign(it, { read, recent });
  }

  it("are handed out from memory, and after a while only looked for", async () => {
    const store = behind(new Map([["a/1", "one"]]));
    for (let call = 0; call < 5; call++) expect(await store.read("a/1")).toBe("one");
    expect(store.asked).toBe(1);
    store.ms = 10 * SECOND_MS;
    expect([await store.read("a/1"), await store.read("a/1"), store.asked]).toEqual(["one", "one", 2]);
  });

  it("are handed out for a time while the store is away; others are not", async () => {
    const store = behind(
      new Map([
        ["a/1", "one"],
        ["a/2", "two"],
      ]),
    );
    await store.read("a/1");
    store.isAway = true;
    store.ms = 60 * SECOND_MS;
    expect(await store.read("a/1")).toBe("one");
    await expect(store.read("a/2")).rejects.toThrow("away");
    store.ms += 1;
    await expect(store.read("a/1")).rejects.toThrow("away");
  });

  it("are gone when they are deleted here at once, elsewhere soon", async () => {
    const files = new Map([["a/1", "one"]]);
    const store = behind(files);
    await store.read("a/1");
    files.clear();
    expect(await store.read("a/1")).toBe("one");
    store.ms = 10 * SECOND_MS;
    expect(await store.read("a/1")).toBeUndefined();
    files.set("a/1", "one");
    await store.read("a/1");
    await store.recent.delete("a");
    expect(await store.read("a/1")).toBeUndefined();
  });

  it("make room for those that are asked for more", async () => {
    const store = behind(new Map(["a", "b", "c"].map((id) => [`${id}/1`, "12345"])));
    for (const key of ["a/1", "b/1", "a/1", "c/1", "a/1"]) await store.read(key);
    expect(store.asked).toBe(3);
    await store.read("b/1");
    expect(store.asked).toBe(4);
  });
});
