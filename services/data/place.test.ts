import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { mustDiffer, mustExist, shopPlace } from "./place.ts";

const folder = await mkdtemp(join(tmpdir(), "shopmesh-place-"));
afterAll(() => rm(folder, { recursive: true }));

it("knows a laptop's shop, the environment's, and one that a file describes", async () => {
  const file = join(folder, ".env");
  await writeFile(file, 'POSTGRES_URL="postgres://shop:secret@db/shop"\nDATA_DIR=/data\n');
  expect(shopPlace(file, {}).settings).toMatchObject({
    postgresUrl: "postgres://shop:secret@db/shop",
    dataDir: "/data",
  });
  expect(shopPlace("laptop", {}).settings).toMatchObject({ postgresUrl: undefined, dataDir: ".data" });
  expect(shopPlace("laptop", { DATA_DIR: "/mine" }).settings.dataDir).toBe("/mine");
  expect(shopPlace("laptop:/other", { DATA_DIR: "/mine" }).settings.dataDir).toBe("/other");
  const here = { POSTGRES_URL: "postgres://db/shop" };
  expect(shopPlace("environment", here).settings.postgresUrl).toBe("postgres://db/shop");
  // A file says all: nothing of the environment mixes in.
  expect(shopPlace(file, { MONGODB_URL: "mongodb://m/shop" }).settings.mongodbUrl).toBeUndefined();
});

it("says what is wrong, and no password", async () => {
  expect(() => shopPlace("nowhere.env", {})).toThrow('There is no file "nowhere.env"');
  const file = join(folder, "wrong.env");
  await writeFile(file, "POSTGRES_URL=mysql://root:secret@db/shop\n");
  expect(() => shopPlace(file, {})).toThrow(/^In .*wrong\.env: POSTGRES_URL is not a URL(?!.*secret)/);
  expect(() => mustExist(shopPlace(`laptop:${folder}`, {}))).toThrow(/holds no database/);
});

it.each([
  ["laptop", "laptop", "that of laptop (.data): name"],
  ["laptop", "laptop:./.data", "that of laptop (.data) and laptop (./.data): name"],
  [`laptop:${folder}`, `laptop:${join(folder, "link")}`, "Source and target are the same database"],
  ["laptop:/mine", "environment", "that of laptop (/mine) and the environment's shop"],
])("%s and %s are one shop", async (from, to, sentence) => {
  await symlink(folder, join(folder, "link")).catch(() => {});
  const env = to === "environment" ? { DATA_DIR: "/mine" } : {};
  expect(() => mustDiffer(shopPlace(from, env), shopPlace(to, env))).toThrow(sentence);
  expect(() => mustDiffer(shopPlace(from, env), shopPlace("laptop:/other", env))).not.toThrow();
});
