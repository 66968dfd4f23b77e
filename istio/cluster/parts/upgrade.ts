import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CONTROL_PLANE, EDGE_GATEWAY, podLabels, WEB } from "../../names.ts";
import { setContractCheck } from "../lib/contract-check.ts";
import { kubectl, readyPods, rolledOut, until } from "../lib/kubectl.ts";
import { readBooks, shelve } from "../load/books.ts";
import { type Crowd, startCrowd } from "../load/crowd.ts";
import { STAGE_MS, type Stage, stage } from "../stage.ts";

const STOCK = 100_000;
/** What is under way when a service is struck, and what comes right after. */
const AFTERMATH_MS = 3_000;

let scene: Stage;
let crowd: Crowd;
let productId: string;

/** Every workload of ours, in the order of the graph: those that are called first. */
const workloads = () => [...scene.mesh.workloads.map((it) => it.name), WEB.name];

describe("the shop under load", () => {
  beforeEach(async () => {
    scene = await stage();
    productId = `cluster-${crypto.randomUUID().slice(0, 8)}`;
    await shelve(scene, productId, STOCK);
    crowd = startCrowd(scene.edge, productId);
    await until("the first purchases are made", async () => (crowd.orders.length > 4 ? true : undefined));
  }, STAGE_MS);

  /** Stops the crowd: nothing may have failed, and the books are right. */
  afterEach(async () => {
    await crowd.stop();
    expect(crowd.failures).toEqual([]);
    const books = await until("every order is settled", async () => {
      const now = await readBooks(scene, productId);
      return now.open === 0 && now.stock + now.sold === STOCK ? now : undefined;
    });
    expect(books.paid).toEqual(new Set(crowd.orders.map((it) => it.orderId)));
    expect(books.wrongPayments).toEqual([]);
  }, STAGE_MS);

  it("loses no purchase while every service gets a new version", { timeout: STAGE_MS }, async () => {
    // Whose own check of the contract is off: what follows is refused by the mesh, or by nobody.
    await setContractCheck(scene, "off");
    await pause(AFTERMATH_MS);
    expect(crowd.askedAgain).toBe(0);
  });

  it("loses no purchase while the ingress gets a new version", { timeout: STAGE_MS }, async ({ skip }) => {
    if (scene.edge.forwarded) skip("the ingress is reached by a forwarded port, which ends with the pod behind it");
    await kubectl(["rollout", "restart", `deployment/${EDGE_GATEWAY.workload}`]);
    await rolledOut(EDGE_GATEWAY.workload);
    await pause(AFTERMATH_MS);
    expect(crowd.askedAgain).toBe(0);
  });

  it("loses no purchase when a pod of each service is killed", { timeout: STAGE_MS }, async () => {
    for (const name of workloads()) {
      const [pod] = await readyPods(podLabels(name));
      if (pod === undefined) throw new Error(`${name} has no pod that is ready`);
      await kubectl(["delete", "pod", pod.metadata.name, "--grace-period=0", "--force"]);
      await pause(AFTERMATH_MS);
      await rolledOut(name);
    }
  });

  it("loses no purchase when Istio's control plane starts anew", { timeout: STAGE_MS }, async () => {
    const { namespace } = CONTROL_PLANE;
    await kubectl(["-n", namespace, "rollout", "restart", "deployment/istiod"]);
    await rolledOut("istiod", namespace);
    await pause(AFTERMATH_MS);
    expect(crowd.askedAgain).toBe(0);
  });
});
