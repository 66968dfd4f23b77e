import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { imageStoreContract } from "./store.contract.ts";
import { createDiskStore } from "./store.disk.ts";

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "shopmesh-images-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

imageStoreContract(() => createDiskStore(join(root, `${count++}`)));

it.each(["", "..", "../../etc", `${"a".repeat(31)}/`, "A".repeat(32)])("makes no path of the id %j", async (id) => {
  const store = await createDiskStore(join(root, "paths"));
  await expect(store.get(id)).rejects.toThrow("not an image id");
});

it("clears away what a process that died left behind, not what another is writing", async () => {
  const folder = join(root, "left-behind");
  await createDiskStore(folder);
  for (const name of ["old", "new"]) await writeFile(join(folder, "temporary", name), "x");
  await utimes(join(folder, "temporary", "old"), 0, 0);
  await createDiskStore(folder);
  expect(await readdir(join(folder, "temporary"))).toEqual(["new"]);
});
