import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NAMESPACE } from "../../names.ts";
import { run } from "../lib/command.ts";
import type { KubeObject } from "../lib/kubectl.ts";
import { DEV, MANAGED, render } from "../lib/manifests.ts";
import { STAGE_MS, stage } from "../stage.ts";

/** istioctl says so about every EnvoyFilter, whatever it holds. */
const ALWAYS_SAID = "EnvoyFilter exposes internal implementation details";

/** Runs a program on objects in a file; answers with everything it says. */
async function onFile(objects: readonly KubeObject[], program: string, ...args: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "shopmesh-objects-"));
  try {
    const file = join(folder, "objects.json");
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    const said = await run(program, [...args, file], { andErrors: true });
    return said.split("\n").filter((it) => it.trim() !== "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the manifests", () => {
  it("of dev are applied as they are, and the shop serves", { timeout: STAGE_MS }, async () => {
    const { objects } = await stage();
    expect(objects.length).toBeGreaterThan(0);
  });

  it.concurrent.each(MANAGED)(
    "of %s are accepted by the cluster, every object",
    { timeout: STAGE_MS },
    async (overlay) => {
      await stage();
      const objects = await render(overlay);
      const said = await onFile(objects, "kubectl", "apply", "--dry-run=server", "-f");
      const accepted = said.filter((it) => it.endsWith("(server dry run)"));
      expect(accepted).toHaveLength(objects.length);
      expect(said.filter((it) => !accepted.includes(it) && !it.includes(ALWAYS_SAID))).toEqual([]);
    },
  );

  it.concurrent.each([DEV, ...MANAGED])("of %s pass `istioctl validate` without a word", async (overlay) => {
    const said = await onFile(await render(overlay), "istioctl", "validate", "-f");
    expect(said.filter((it) => !it.includes(ALWAYS_SAID))).toEqual([expect.stringMatching(/ is valid$/)]);
  });

  it("pass `istioctl analyze` without a word, as they are in the cluster", { timeout: STAGE_MS }, async () => {
    await stage();
    const found = await run("istioctl", ["analyze", "-n", NAMESPACE, "-o", "json"]);
    const messages: { message: string }[] = JSON.parse(found) ?? [];
    expect(messages.filter((it) => !it.message.includes(ALWAYS_SAID))).toEqual([]);
  });
});
