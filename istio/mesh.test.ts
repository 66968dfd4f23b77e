import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, readContracts } from "./contracts.ts";
import { meshJson } from "./json.ts";
import { meshOf } from "./model.ts";
import { readDeployments, readMesh } from "./shop.ts";

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["istio/mesh.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** Compares with commits, of which a downloaded archive has none. */
const inRepository = it.skipIf(!existsSync(join(ROOT, ".git")));

describe("npm run mesh", () => {
  it("prints the page", () => {
    const { status, stdout } = run();
    expect(status).toBe(0);
    expect(stdout).toContain("shop.product.v1.ProductService");
  });

  it("prints the same mesh for machines as is generated from, with nothing that JSON loses", async () => {
    const { status, stdout } = run("--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(meshJson(await readMesh()));
  });

  it("answers what it does not know with a sentence and its usage", () => {
    const { status, stderr } = run("--dif", "main");
    expect(status).toBe(2);
    expect(stderr).toMatch(/'--dif'.*Usage: npm run mesh/s);
  });

  inRepository("compares with a commit", () => {
    const { status, stdout } = run("--diff", "HEAD", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, ref: "HEAD", notes: [], changes: expect.any(Array) });
  });

  inRepository("says so when there is no such commit", () => {
    const { status, stderr } = run("--diff", "--no-such-commit");
    expect({ status, stderr }).toMatchObject({ status: 2 });
    expect(run("--diff=no-such-commit")).toEqual({
      status: 2,
      stdout: "",
      stderr: '"no-such-commit" is no commit of this repository.\n',
    });
  });
});

describe("the contracts as proto/ has them", () => {
  it("make the same mesh as what is generated from them", async () => {
    const { services, standard } = readContracts();
    expect(meshJson(meshOf(services, await readDeployments(), standard))).toEqual(meshJson(await readMesh()));
  });
});
