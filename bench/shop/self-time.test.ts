import { describe, expect, it } from "vitest";
import { flameGraph } from "./flame-graph.ts";
import { byFunction, byPackage, type CpuProfile, packageOf, treeOf } from "./self-time.ts";

const at = (functionName: string, url = "") => ({ functionName, url, lineNumber: 6 });
const PG = "file:///shop/node_modules/pg/lib/client.js";
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: at("(root)"), children: [2, 3, 5] },
    { id: 2, callFrame: at("(idle)") },
    { id: 3, callFrame: at("serve", "file:///shop/<serve>.ts"), children: [4] },
    { id: 4, callFrame: at("query", PG) },
    { id: 5, callFrame: at("query", PG) },
  ],
  samples: [3, 4, 2, 5, 3],
  timeDeltas: [9, 10, 20, 1_000, 40],
};

describe("where the time of a profile goes", () => {
  it("is what lies between a sample and the next, summed by function, without idle time", () => {
    expect(byFunction(profile).slice(0, 2)).toEqual([
      { name: "query pg/lib/client.js:7", selfUs: 60 },
      { name: "serve /shop/<serve>.ts:7", selfUs: 10 },
    ]);
    expect(byPackage(profile)[0]).toEqual({ name: "pg", selfUs: 60 });
  });

  it("adds up from the leaves to the root", () => {
    const root = treeOf(profile);
    expect(root.totalUs).toBe(70);
    expect([...root.children.values()].map((child) => [child.selfUs, child.totalUs])).toEqual([
      [10, 30],
      [40, 40],
    ]);
  });

  it("is drawn with names as text, never as markup", () => {
    const html = flameGraph("<b>", treeOf(profile));
    expect(html).toContain("serve /shop/&lt;serve&gt;.ts:7");
    expect(html).not.toContain("<b>");
  });

  it.each([
    ["file:///a/node_modules/@bufbuild/protobuf/dist/esm/create.js", "@bufbuild/protobuf"],
    ["file:///a/node_modules/x/node_modules/y/index.js", "y"],
    ["node:internal/http2/core", "node:internal/http2"],
    [new URL("../../services/kit/serve.ts", import.meta.url).href, "services/kit"],
    ["", "(V8 and native code)"],
  ])("%s is of %s", (url, expected) => {
    expect(packageOf(url)).toBe(expected);
  });
});
