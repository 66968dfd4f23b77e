import { hostOf, NAMESPACE, podLabels } from "../../names.ts";
import type { Counts } from "../pod/behaviour.ts";
import type { CountsInput } from "../pod/counts.ts";
import { inPod, program } from "./in-pod.ts";
import { apply, kubectl, type Pod, readyPod, readyPods, until } from "./kubectl.ts";
import { podsRun, testPod } from "./pods.ts";

const LABEL = "shopmesh/stand-in";
/** The container of Istio's proxy. */
const PROXY = "istio-proxy";

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

/** The addresses to which a pod's proxy, if it has one, sends calls of a service; empty where it calls no such service. */
async function sentTo({ metadata }: Pod, workload: string, port: number): Promise<string[]> {
  const ask = ["pilot-agent", "request", "GET", "clusters"];
  const clusters = await kubectl(["exec", metadata.name, "-c", PROXY, "--", ...ask]);
  const start = `outbound|${port}||${hostOf(workload)}::`;
  const addresses = clusters
    .split("\n")
    .filter((it) => it.startsWith(start) && it.includes("::cx_active::"))
    .map((it) => it.slice(start.length).split(":")[0] ?? "");
  return [...new Set(addresses)];
}

/** Waits until every proxy, the ingress' too, has heard where a service's name leads: each is told for itself, some later than others. */
async function everyProxyKnows(
  what: string,
  workload: string,
  port: number,
  right: (addresses: readonly string[]) => boolean,
): Promise<void> {
  await until(what, async () => {
    const pods = (await readyPods({})).filter(({ spec }) =>
      [...spec.containers, ...(spec.initContainers ?? [])].some((it) => it.name === PROXY),
    );
    const callers = (await Promise.all(pods.map((it) => sentTo(it, workload, port)))).filter((it) => it.length > 0);
    return callers.length > 0 && callers.every(right) ? true : undefined;
  });
}

/** Puts a pod in the place of a service: with its labels, identity, sidecar and policies, and behind its name. */
export async function standIn(workload: string, port: number): Promise<StandIn> {
  const name = `stand-in-${workload}`;
  const { labels } = await readyPod(podLabels(workload));
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
  const { address } = await readyPod({ [LABEL]: "true" });
  await everyProxyKnows(
    "the stand-in has taken the place",
    workload,
    port,
    (it) => it.length === 1 && it[0] === address,
  );
  return {
    counts: () => inPod(place, "counts", { port } satisfies CountsInput),
    async leave() {
      await select(workload, null);
      await kubectl(["-n", NAMESPACE, "delete", "pod", name, "--ignore-not-found", "--wait=true"]);
      await everyProxyKnows("the service is back in its place", workload, port, (it) => !it.includes(address));
    },
  };
}
