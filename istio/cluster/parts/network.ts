import { afterAll, beforeAll, expect, it } from "vitest";
import { EDGE } from "../../model.ts";
import { POSTGRES, podLabels, WEB } from "../../names.ts";
import { inPod } from "../lib/in-pod.ts";
import { apply, kubectl, readyPod } from "../lib/kubectl.ts";
import { podsRun, testPod } from "../lib/pods.ts";
import { TEST_LABEL } from "../lib/settings.ts";
import type { DoorsInput } from "../pod/doors.ts";
import { STAGE_MS, type Stage, stage } from "../stage.ts";

/** A pod that the network takes for one of a workload, and nothing else does: it has no sidecar and gets no calls. */
const maskOf = (workload: string) => `mask-${workload}`;

const UNKNOWN = "unknown";

/** A label of a workload's pods says which store they reach, so a mask wears them all. */
async function labelsOf(workload: string): Promise<Readonly<Record<string, string>>> {
  if (workload === UNKNOWN) return {};
  const { labels } = await readyPod(podLabels(workload));
  const { "pod-template-hash": _, ...rest } = labels;
  return rest;
}

/** "caller → callee" for every pair that the network joins, by contract. */
function joinedPairs({ mesh }: Stage): Set<string> {
  const stores = mesh.workloads.filter((it) => it.deployment.store === "postgres");
  return new Set([
    ...mesh.graph.map((it) => `${it.caller} → ${it.callee}`),
    `${EDGE} → ${WEB.name}`,
    ...stores.map((it) => `${it.name} → ${POSTGRES.name}`),
  ]);
}

/** The tests of the network; whoever calls this has taken the rest out of its way. */
export function theNetworkAlone(): void {
  let callers: string[] = [];
  let doors: { name: string; host: string; port: number }[] = [];
  let masks: string[] = [];

  beforeAll(async () => {
    const { mesh } = await stage();
    const workloads = mesh.workloads.map(({ name, port }) => ({ name, port }));
    callers = [...workloads.map((it) => it.name), WEB.name, EDGE, POSTGRES.name, UNKNOWN];
    masks = callers.map(maskOf);
    const pods = callers.map(async (it) =>
      testPod({ name: maskOf(it), labels: await labelsOf(it), sidecar: false, neverReady: true }),
    );
    await apply(await Promise.all(pods));
    await podsRun(masks, undefined, "ContainersReady");
    doors = await Promise.all(
      [...workloads, WEB, POSTGRES].map(async ({ name, port }) => {
        const { address: host } = await readyPod(podLabels(name));
        return { name, host, port };
      }),
    );
  }, STAGE_MS);
  afterAll(async () => {
    const selector = Object.entries(TEST_LABEL).map(([name, value]) => `${name}=${value}`);
    await kubectl(["delete", "pods", "-l", selector.join(","), "--ignore-not-found", "--wait=false"]);
  }, STAGE_MS);

  it("the network alone joins what a contract joins, and keeps every other pair apart", {
    timeout: STAGE_MS,
  }, async () => {
    const expected = joinedPairs(await stage());
    const tried = callers.map(async (caller) => {
      const input: DoorsInput = { doors };
      const open = await inPod<boolean[]>({ pod: maskOf(caller), container: "app" }, "doors", input);
      return doors.flatMap(({ name }, index) => (open[index] === true ? [`${caller} → ${name}`] : []));
    });
    const joined = (await Promise.all(tried)).flat();
    expect(joined.toSorted()).toEqual([...expected].toSorted());
  });
}
