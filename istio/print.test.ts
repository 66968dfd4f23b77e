import { describe, expect, it } from "vitest";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { contractOf } from "#kit/testing/contract.ts";
import { meshOf } from "./model.ts";
import { PAGE_WIDTH, printMesh } from "./print.ts";
import { printDiff } from "./print-diff.ts";
import { readMesh } from "./shop.ts";

const plain = { store: "none", size: { cpuMillis: 10, memoryMiB: 64, memoryMaxMiB: 128 } } as const;
const minute = { seconds: 60n };

const mesh = meshOf(
  [
    contractOf([
      {
        name: "Look",
        policy: {
          callers: ["edge", "cart"],
          user: User.SIGNED_IN,
          timeout: { nanos: 300_000_000 },
          objective: { latencyMs: 50, availability: 0.9995 },
          rateLimit: { requests: 600, period: minute },
          requestMaxBytes: 2 * 1024 * 1024,
        },
      },
      { name: "Watch", policy: { callers: ["*"], user: User.ANY }, streams: true },
    ]),
    contractOf(
      [{ name: "Say", policy: { callers: ["edge"], user: User.ANY, timeout: { seconds: 1n } } }],
      "test.cart.v1",
    ),
  ],
  { product: { ...plain, http: [{ path: "/pictures/", callers: ["edge"] }] }, cart: plain },
);

/** The page's line that begins with these words. */
function line(page: string, beginning: string): string | undefined {
  return page
    .split("\n")
    .find((it) => it.trim().startsWith(beginning))
    ?.replace(/ {2,}/g, "  ")
    .trim();
}

describe("the page about the mesh", () => {
  const page = printMesh(mesh);

  it("has a line for each call: callers, user, kind, timeout, retries, objective, limits", () => {
    expect(line(page, "Look")).toBe(
      "Look  cart, edge  signed-in user  once only  300 ms  none  50 ms, 99.95 %  600 a minute, 2 MiB",
    );
    expect(line(page, "Watch  ")).toBe("Watch  every workload  anybody  stream  -  none  -  -");
    expect(line(page, "Check")).toBe("Check  every workload  anybody  read  2 s  2  -  -");
  });

  it("says of each service where it is, and who has to do with it", () => {
    expect(line(page, "product")).toBe("product  port 3001, keeps no data");
    expect(page).toContain("called by cart, edge; calls nobody");
    expect(line(page, "Plain HTTP")).toBe("Plain HTTP: /pictures/ for edge");
  });

  it("draws the graph of calls, each arrow with what it is for", () => {
    expect(page).toMatch(/cart {4}→ product {3}Look\n/);
    expect(page).toMatch(/edge {4}→ cart {6}Say\n {10}→ product {3}Look, \/pictures\/\n/);
  });

  it("fits a terminal, and has no colours where none are asked for", async () => {
    const shop = printMesh(await readMesh());
    expect(Math.max(...shop.split("\n").map((it) => it.length))).toBeLessThanOrEqual(PAGE_WIDTH);
    expect(shop).not.toContain("\u001b");
    expect(printMesh(mesh, (look, text) => `<${look}>${text}`)).toContain("<bold>product");
  });
});

describe("the page about a change", () => {
  const about = { ref: "main", commit: "1234567", notes: [] };

  it("has a section for each effect that there is", () => {
    const changes = [
      { effect: "opens", text: "cart may now call product.Look" },
      { effect: "alters", text: "product.Look may take 1 s instead of 2 s" },
    ] as const;
    expect(printDiff({ ...about, notes: ["Something is unknown."], changes })).toBe(`\
The mesh now, compared with main (1234567): 2 changes

Opens access
  + cart may now call product.Look

Changes how calls are served
  ~ product.Look may take 1 s instead of 2 s

Something is unknown.
`);
  });

  it("says so when nothing changed, and names a commit once", () => {
    expect(printDiff({ ...about, changes: [] })).toBe("The mesh is the same as at main (1234567).\n");
    expect(printDiff({ ...about, ref: "12345678", changes: [] })).toBe("The mesh is the same as at 1234567.\n");
  });
});
