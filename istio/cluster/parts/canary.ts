import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { EDGE } from "../../model.ts";
import { canaryNameOf, NAME_LABEL } from "../../names.ts";
import { readMesh } from "../../shop.ts";
import { renderCanaries, type Shares } from "../lib/canary.ts";
import { inPod } from "../lib/in-pod.ts";
import { apply, readyPods, rolledOut } from "../lib/kubectl.ts";
import { bring, DEV, difference, render } from "../lib/manifests.ts";
import { edgeTransport } from "../lib/users.ts";
import { shelve } from "../load/books.ts";
import { startCrowd } from "../load/crowd.ts";
import type { Served, ServedInput } from "../pod/served.ts";
import { STAGE_MS, type Stage, stage } from "../stage.ts";

/** Called by browsers and by other services. */
const WORKLOAD = "product";
const TRACKS = ["stable", "canary"] as const;
/** Until every proxy knows the new weights. */
const KNOWN_MS = 4_000;
/** While calls are counted: dozens from browsers, and as many as the crowd makes services make. */
const COUNTED_MS = 3_000;
const CALLS_FROM_EDGE = 60;
const STOCK = 100_000;
/** How far from the half a share may be by chance: of a few dozen calls, some to each. */
const LUCK = 0.45;
const PROD = "k8s/overlays/prod";

/** How many calls each version has answered, from browsers and from services. */
async function servedByTracks({ mesh }: Stage) {
  const port = mesh.workloads.find((it) => it.name === WORKLOAD)?.port ?? 0;
  const request: ServedInput = { port, contract: `shop.${WORKLOAD}.` };
  const served = TRACKS.map(async (track) => {
    const sum = { edge: 0, mesh: 0 };
    for (const { metadata } of await readyPods({ [NAME_LABEL]: WORKLOAD, track })) {
      const counts = await inPod<Served>({ pod: metadata.name, container: WORKLOAD }, "served", request);
      for (const [caller, count] of Object.entries(counts)) sum[caller === EDGE ? "edge" : "mesh"] += count;
    }
    return sum;
  });
  const [stable, canary] = await Promise.all(served);
  return { stable: stable ?? { edge: 0, mesh: 0 }, canary: canary ?? { edge: 0, mesh: 0 } };
}

/** The part of the calls that the canary gets within a few seconds, while people buy: of browsers' calls and of services'. */
async function sharesOfCanary(scene: Stage): Promise<{ edge: number; mesh: number }> {
  const before = await servedByTracks(scene);
  const client = createClient(ProductService, edgeTransport(scene.edge));
  for (let call = 0; call < CALLS_FROM_EDGE; call += 1) await client.listCategories({});
  await pause(COUNTED_MS);
  const after = await servedByTracks(scene);
  const share = (caller: "edge" | "mesh") => {
    const canary = after.canary[caller] - before.canary[caller];
    return canary / (canary + after.stable[caller] - before.stable[caller]);
  };
  return { edge: share("edge"), mesh: share("mesh") };
}

/** Gives the workload a canary, all its calls in the end, and takes it away again; answers with what it saw on the way. */
async function rollOutAndBack(scene: Stage): Promise<ReadonlyMap<number, { edge: number; mesh: number }>> {
  const seen = new Map<number, { edge: number; mesh: number }>();
  let { objects } = scene;
  try {
    for (const percent of [0, 50, 100]) {
      const next = await renderCanaries(DEV, { [WORKLOAD]: { stable: 100 - percent, canary: percent } });
      await bring(objects, next);
      objects = next;
      await rolledOut(canaryNameOf(WORKLOAD));
      await pause(KNOWN_MS);
      seen.set(percent, await sharesOfCanary(scene));
    }
  } finally {
    const clear = await bring(objects, scene.objects);
    await pause(KNOWN_MS);
    await clear();
  }
  return seen;
}

describe("a canary", () => {
  it("of each workload is accepted by the cluster over prod", { timeout: STAGE_MS }, async () => {
    const { workloads } = await readMesh();
    const shares = Object.fromEntries(workloads.map((it): [string, Shares] => [it.name, { stable: 90, canary: 10 }]));
    const [plain, withCanaries] = await Promise.all([render(PROD), renderCanaries(PROD, shares)]);
    const { applied, deleted } = difference(plain, withCanaries);
    expect(deleted).toEqual([]);
    expect(applied.filter((it) => it.kind === "Deployment")).toHaveLength(workloads.length);
    await apply(applied, "--dry-run=server");
  });

  it("gets the calls that its environment gives it, and no purchase is lost", { timeout: STAGE_MS }, async () => {
    const scene = await stage();
    const productId = `canary-${crypto.randomUUID().slice(0, 8)}`;
    await shelve(scene, productId, STOCK);
    const crowd = startCrowd(scene.edge, productId);
    const seen = await rollOutAndBack(scene).finally(() => crowd.stop());
    expect(crowd.failures).toEqual([]);
    expect(seen.get(0)).toEqual({ edge: 0, mesh: 0 });
    expect(seen.get(100)).toEqual({ edge: 1, mesh: 1 });
    for (const share of Object.values(seen.get(50) ?? {})) expect(Math.abs(share - 0.5)).toBeLessThan(LUCK);
  });
});
