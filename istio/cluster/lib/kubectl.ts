import { setTimeout as pause } from "node:timers/promises";
import { NAMESPACE } from "../../names.ts";
import { type CommandOptions, run } from "./command.ts";

/** kubectl, in the shop's namespace unless the arguments name another. */
export function kubectl(args: readonly string[], options?: CommandOptions): Promise<string> {
  const placed = args.some((it) => it === "-n" || it === "-A" || it.startsWith("--namespace"));
  return run("kubectl", placed ? args : ["-n", NAMESPACE, ...args], options);
}

const ROLL_OUT_MS = 300_000;

/** As far as the test reads of objects of any kind. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
}

/** A pod, as far as the test reads of it. */
export interface Pod extends KubeObject {
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
    readonly initContainers?: readonly { readonly name: string }[];
  };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** All objects of a kind, by `kubectl get`. */
export async function list<T extends KubeObject>(kind: string, ...args: readonly string[]): Promise<T[]> {
  const { items } = JSON.parse(await kubectl(["get", kind, "-o", "json", ...args])) as { items: T[] };
  return items;
}

/** Makes objects, or changes them to what is said here; each names its namespace. */
export async function apply(objects: readonly object[], ...args: readonly string[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await run("kubectl", ["apply", "-f", "-", ...args], { input });
}

/** Pods that serve, chosen by labels. */
export async function readyPods(labels: Readonly<Record<string, string>>): Promise<Pod[]> {
  const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const pods = await list<Pod>("pods", "-l", selector.join(","));
  return pods.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined &&
      status.podIP !== undefined &&
      status.conditions?.some((it) => it.type === "Ready" && it.status === "True"),
  );
}

/** What the test needs to know of one pod. */
interface ReadyPod {
  readonly name: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A pod that serves. */
export async function readyPod(labels: Readonly<Record<string, string>>): Promise<ReadyPod> {
  const [pod] = await readyPods(labels);
  if (pod === undefined) throw new Error(`No pod is ready that has the labels ${JSON.stringify(labels)}`);
  return { name: pod.metadata.name, address: pod.status.podIP ?? "", labels: pod.metadata.labels ?? {} };
}

/** Waits until a check answers with something else than undefined; fails with what it was last told. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined>,
  { timeoutMs = 60_000, everyMs = 500 } = {},
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  let last: unknown;
  do {
    try {
      const found = await check();
      if (found !== undefined) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await pause(everyMs);
  } while (Date.now() < endMs);
  throw new Error(`${what}: not within ${timeoutMs / 1000} s`, { cause: last });
}

/** Waits until a deployment has nothing but ready pods of its present version. */
export async function rolledOut(name: string, namespace = NAMESPACE): Promise<void> {
  const args = ["-n", namespace, "rollout", "status", `deployment/${name}`, `--timeout=${ROLL_OUT_MS / 1000}s`];
  await kubectl(args, { timeoutMs: ROLL_OUT_MS + 10_000 });
}
