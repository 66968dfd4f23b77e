import { NAMESPACE, podLabels } from "../../names.ts";
import type { Counts } from "../pod/behaviour.ts";
import type { CountsInput } from "../pod/counts.ts";
import { inPod, program } from "./in-pod.ts";
import { apply, kubectl, readyPod, until } from "./kubectl.ts";
import { podsRun, testPod } from "./pods.ts";

const LABEL = "shopmesh/stand-in";

/** A pod that has taken the place of a service behind its name, for as long as the test wants. */
export interface StandIn {
  /** What it saw, by the name that each call gave itself. */
  counts(): Promise<Readonly<Record<string, Counts>>>;
  /** Gives the name back to the service. */
  leave(): Promise<void>;
}

async function select(workload: string, value: string | null): Promise<void> {
  const patch = JSON.stringify({ spec: { selector: { [LABEL]: value } } });
  await kubectl(["patch", "service", workload, "--type", "merge", "-p", patch]);
}

/** What a service calls the port of its pods. */
async function portName(workload: string, port: number): Promise<string> {
  const { spec } = JSON.parse(await kubectl(["get", "service", workload, "-o", "json"])) as {
    spec: { ports: { port: number; targetPort: number | string }[] };
  };
  return `${spec.ports.find((it) => it.port === port)?.targetPort}`;
}

/** Which pods a service's name leads to. */
async function behind(workload: string): Promise<string[]> {
  const slices = ["get", "endpointslices", "-l", `kubernetes.io/service-name=${workload}`, "-o", "json"];
  const { items } = JSON.parse(await kubectl(slices)) as {
    items: { endpoints?: { conditions: { ready?: boolean }; targetRef?: { name: string } }[] }[];
  };
  return items
    .flatMap((it) => it.endpoints ?? [])
    .flatMap((it) => (it.conditions.ready === true && it.targetRef !== undefined ? [it.targetRef.name] : []));
}

/** Puts a pod in the place of a service: with its labels, identity, sidecar and policies, and behind its name. */
export async function standIn(workload: string, port: number): Promise<StandIn> {
  const name = `stand-in-${workload}`;
  const { name: real, labels } = await readyPod(podLabels(workload));
  const { "pod-template-hash": _, ...worn } = labels;
  const place = { pod: name, container: "app" };
  const pod = testPod({
    name,
    labels: { ...worn, [LABEL]: "true" },
    serviceAccount: workload,
    sidecar: true,
    program: `process.env.PORT="${port}";${await program("stand-in")}`,
    port: { name: await portName(workload, port), number: port },
  });
  await apply([pod]);
  await podsRun([name]);
  await select(workload, "true");
  await until("the stand-in has taken the place", async () => {
    const pods = await behind(workload);
    return pods.includes(name) && !pods.includes(real) ? true : undefined;
  });
  return {
    counts: () => inPod(place, "counts", { port } satisfies CountsInput),
    async leave() {
      await select(workload, null);
      await kubectl(["-n", NAMESPACE, "delete", "pod", name, "--ignore-not-found", "--wait=true"]);
      await until("the service is back in its place", async () =>
        (await behind(workload)).includes(name) ? undefined : true,
      );
    },
  };
}
