import { ISTIO_ACCOUNTS, NAMESPACE, spiffeIdOf, TRUST_DOMAIN } from "#kit/identity/spiffe.ts";
import { EDGE } from "#kit/identity/workload.ts";

// The names in a workload's identity are those that services look for in it. Istio takes this trust domain for the mesh's own,
// whatever that is called.
export { NAMESPACE, TRUST_DOMAIN };

const REALM = { trustDomain: TRUST_DOMAIN, namespace: NAMESPACE, accounts: ISTIO_ACCOUNTS };
/** In `callers`: every workload of the mesh. */
export const EVERYBODY = "*";
/** What the names of Services end with. */
const CLUSTER_DOMAIN = "cluster.local";
/** The label by which everything finds the pods of a workload. */
export const NAME_LABEL = "app.kubernetes.io/name";
/** The image of all workloads; an overlay says which version. */
export const IMAGE = "shopmesh";
/** The image of all canaries: an overlay says which version as well. */
export const CANARY_IMAGE = "shopmesh-canary";
/** Serves the web app's files to the edge; has no RPCs. */
export const WEB = { name: "web", port: 8080 } as const;
/** The database where an environment brings its own: a Service, whoever stands behind it. */
export const POSTGRES = { name: "postgres", port: 5432 } as const;
/** The ingress: a Gateway API Gateway; Istio makes a Deployment, a Service and a ServiceAccount of this name for it. */
export const EDGE_GATEWAY = { gateway: EDGE, workload: ISTIO_ACCOUNTS[EDGE], httpPort: 80, httpsPort: 443 } as const;
/** What policies for the ingress attach to. */
export const EDGE_REF = { group: "gateway.networking.k8s.io", kind: "Gateway", name: EDGE_GATEWAY.gateway } as const;
/** The Secret with the ingress' certificate, made by cert-manager. */
export const EDGE_CERTIFICATE = "edge-certificate";

/** Loads the demo catalogue in dev, by way of the edge. */
export const DEMO = "demo";
/** Under Docker's Compose: makes the certificates of all others. */
export const CERTIFICATES = "certificates";
/** Under Docker's Compose: who looks at the figures. */
export const MONITORS = { prometheus: "prometheus", grafana: "grafana" } as const;
/** Where Istio's control plane runs, and the label of its pods. */
export const CONTROL_PLANE = { namespace: "istio-system", labels: { app: "istiod" }, port: 15012 } as const;
/** On a namespace: whoever runs there may read the pods' metrics. */
export const MONITORING_LABEL = { "shopmesh/monitoring": "true" } as const;

/** The service account of a workload: its identity in the mesh. */
export function serviceAccountOf(workload: string): string {
  return workload === EDGE_GATEWAY.gateway ? EDGE_GATEWAY.workload : workload;
}

/** The SPIFFE identity of a workload as Istio's policies write it (without "spiffe://"). */
export function principalOf(workload: string): string {
  return spiffeIdOf(workload, REALM).slice("spiffe://".length);
}

/** The whole name of a workload's Service in the cluster's DNS: Istio's rules name hosts by it, whoever reads them from where. */
export function hostOf(workload: string): string {
  return `${workload}.${NAMESPACE}.svc.${CLUSTER_DOMAIN}`;
}

/** What all objects of a workload's canary are called. */
export function canaryNameOf(workload: string): string {
  return `${workload}-canary`;
}

/** The labels that select a workload's pods. */
export function podLabels(workload: string): Record<string, string> {
  return workload === EDGE_GATEWAY.gateway
    ? { "gateway.networking.k8s.io/gateway-name": EDGE_GATEWAY.gateway }
    : { [NAME_LABEL]: workload };
}
