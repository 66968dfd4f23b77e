import { podLabels } from "../../names.ts";
import type { DoorsInput } from "../pod/doors.ts";
import { inPod } from "./in-pod.ts";
import { apply, kubectl, readyPod } from "./kubectl.ts";
import { podsRun, testPod } from "./pods.ts";
import { TEST_LABEL } from "./settings.ts";

/** Somebody in the shop's namespace whom no policy knows. */
export const UNKNOWN = "unknown";

/** Something that listens. */
export interface Door {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const maskOf = (workload: string) => `mask-${workload}`;

/** A label of a workload's pods says which store they reach, so a mask wears them all. */
async function labelsOf(workload: string): Promise<Readonly<Record<string, string>>> {
  if (workload === UNKNOWN) return {};
  const { labels } = await readyPod(podLabels(workload));
  const { "pod-template-hash": _, ...rest } = labels;
  return rest;
}

/** Makes for each workload a pod that the network takes for one of it, and nothing else does: it has no sidecar and gets no calls. */
export async function putOnMasks(workloads: readonly string[]): Promise<void> {
  const pods = workloads.map(async (it) =>
    testPod({ name: maskOf(it), labels: await labelsOf(it), sidecar: false, neverReady: true }),
  );
  await apply(await Promise.all(pods));
  await podsRun(workloads.map(maskOf), undefined, "ContainersReady");
}

/** "workload → door" for every pair that the network joins. */
export async function joinedByNetwork(workloads: readonly string[], doors: readonly Door[]): Promise<string[]> {
  const tried = workloads.map(async (workload) => {
    const input: DoorsInput = { doors };
    const open = await inPod<boolean[]>({ pod: maskOf(workload), container: "app" }, "doors", input);
    return doors.flatMap(({ name }, index) => (open[index] === true ? [`${workload} → ${name}`] : []));
  });
  return (await Promise.all(tried)).flat();
}

/** Ends them. */
export async function takeOffMasks(): Promise<void> {
  const selector = Object.entries(TEST_LABEL).map(([name, value]) => `${name}=${value}`);
  await kubectl(["delete", "pods", "-l", selector.join(","), "--ignore-not-found", "--wait=false"]);
}
