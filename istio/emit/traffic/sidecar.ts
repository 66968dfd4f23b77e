import { Sidecar } from "@kubernetes-models/istio/networking.istio.io/v1";
import { enginesOf, LEAN } from "../../engines.ts";
import { calleesOf, type Mesh, type MeshWorkload } from "../../model.ts";
import { EDGE_GATEWAY, hostOf, NAMESPACE, podLabels, WEB } from "../../names.ts";

/** Istio's way of writing "nowhere". */
const NOWHERE = "~/*";
/** The name by convention of what holds for all pods that nothing else names. */
const DEFAULT = "default";

/** What a pod's proxy knows of the mesh, and thereby where it can go: for the rest it has no route. */
function sidecar(name: string, callees: readonly string[]): Sidecar {
  const hosts = callees.map((it) => `./${hostOf(it)}`);
  return new Sidecar({
    metadata: { name, namespace: NAMESPACE },
    spec: {
      ...(name !== DEFAULT && { workloadSelector: { labels: podLabels(name) } }),
      egress: [{ hosts: hosts.length === 0 ? [NOWHERE] : hosts }],
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
    },
  });
}

/** A workload's: what its contracts let it call, and its store. */
export function sidecarOf(mesh: Mesh, { name, deployment }: MeshWorkload): Sidecar {
  return sidecar(name, [...calleesOf(mesh, name), ...enginesOf(deployment, LEAN)]);
}

/**
 * One for each workload, with what its contracts let it call and its store; who calls nobody reaches nobody. Any other pod
 * sees what a browser sees: the edge. The ingress itself is no sidecar, and none of this is for it.
 */
export function sidecarsOf(mesh: Mesh): Sidecar[] {
  return [
    ...mesh.workloads.map((it) => sidecarOf(mesh, it)),
    sidecar(WEB.name, []),
    sidecar(DEFAULT, [EDGE_GATEWAY.workload]),
  ];
}
