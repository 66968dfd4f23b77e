import { type INetworkPolicySpec, NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { type Engine, enginesOf, LEAN } from "../engines.ts";
import { CLUSTER_FOLDER, type GeneratedFile, yamlFile } from "../files.ts";
import { calleesOf, callersOf, EDGE, type Mesh, type MeshWorkload } from "../model.ts";
import {
  CONTROL_PLANE,
  DEMO,
  EDGE_GATEWAY,
  MONITORING_LABEL,
  NAME_LABEL,
  NAMESPACE,
  POSTGRES,
  podLabels,
  WEB,
} from "../names.ts";

type Ingress = NonNullable<INetworkPolicySpec["ingress"]>[number];
type Egress = NonNullable<INetworkPolicySpec["egress"]>[number];
type Peer = NonNullable<Ingress["from"]>[number];
type Selector = NonNullable<INetworkPolicySpec["podSelector"]>;

/** Of the agent beside every proxy: metrics of both, and whether the proxy is ready. */
const METRICS_PORT = 15020;
const READINESS_PORT = 15021;
const DNS_PORT = 53;
/** Where a node answers for the cluster's DNS (NodeLocal DNSCache): no pod's address, so that no selector names it. */
const NODE_DNS = "169.254.20.10/32";
const EDGE_PORTS = [EDGE_GATEWAY.httpPort, EDGE_GATEWAY.httpsPort];

/** What cert-manager starts for a moment, when the edge's certificate is proven over HTTP: without a sidecar. */
const ACME_SOLVER = { labels: { "acme.cert-manager.io/http01-solver": "true" }, port: 8089 };

const tcp = (...ports: readonly number[]) => ports.map((port) => ({ protocol: "TCP" as const, port }));
const podsOf = (workload: string): Selector => ({ matchLabels: podLabels(workload) });
const namespace = (name: string): Selector => ({ matchLabels: { "kubernetes.io/metadata.name": name } });
const controlPlane: Peer = {
  namespaceSelector: namespace(CONTROL_PLANE.namespace),
  podSelector: { matchLabels: CONTROL_PLANE.labels },
};
const monitoring: Peer = { namespaceSelector: { matchLabels: MONITORING_LABEL } };

/** What these pods may be asked and may ask for, besides what other policies allow them; an empty list: nothing. */
function policy(name: string, podSelector: Selector, rules: { ingress?: Ingress[]; egress?: Egress[] }): NetworkPolicy {
  const { ingress, egress } = rules;
  const policyTypes = [...(ingress ? (["Ingress"] as const) : []), ...(egress ? (["Egress"] as const) : [])];
  return new NetworkPolicy({
    metadata: { name, namespace: NAMESPACE },
    // Kubernetes does not keep empty lists: left out, what is applied is what is found there.
    spec: { podSelector, policyTypes, ...(ingress?.length && { ingress }), ...(egress?.length && { egress }) },
  });
}

/** What holds for every pod: closed, but for finding names, for its proxy's orders and for being measured. */
function common(): NetworkPolicy[] {
  const dns = { to: [{ namespaceSelector: namespace("kube-system") }, { ipBlock: { cidr: NODE_DNS } }] };
  const udp = { protocol: "UDP" as const, port: DNS_PORT };
  return [
    policy("default-deny", {}, { ingress: [], egress: [] }),
    policy("dns", {}, { egress: [{ ...dns, ports: [udp, ...tcp(DNS_PORT)] }] }),
    policy("control-plane", {}, { egress: [{ to: [controlPlane], ports: tcp(CONTROL_PLANE.port) }] }),
    policy("monitoring", {}, { ingress: [{ from: [monitoring], ports: tcp(METRICS_PORT, READINESS_PORT) }] }),
  ];
}

/** Ports are the pods' own: a Service's address is translated before a policy looks, and sidecars keep the port. */
function ingressOf(mesh: Mesh, { name, port }: MeshWorkload): Ingress[] {
  const from = callersOf(mesh, name).map((it) => ({ podSelector: podsOf(it) }));
  return from.length > 0 ? [{ from, ports: tcp(port) }] : [];
}

function egressOf(mesh: Mesh, caller: string): Egress[] {
  const callees = new Set(calleesOf(mesh, caller));
  return mesh.workloads
    .filter((it) => callees.has(it.name))
    .map((it) => ({ to: [{ podSelector: podsOf(it.name) }], ports: tcp(it.port) }));
}

/** The edge, what it forwards to besides services, and the demo's loader, which comes the way that everybody comes. */
function edge(mesh: Mesh): NetworkPolicy[] {
  const theEdge = [{ podSelector: podsOf(EDGE) }];
  const solver: Selector = { matchLabels: ACME_SOLVER.labels };
  const egress: Egress[] = [
    ...egressOf(mesh, EDGE),
    { to: [{ podSelector: podsOf(WEB.name) }], ports: tcp(WEB.port) },
    { to: [{ podSelector: solver }], ports: tcp(ACME_SOLVER.port) },
  ];
  return [
    // From anywhere, the internet included; load balancers in front ask whether it is ready, from addresses of their own.
    policy(EDGE, podsOf(EDGE), { ingress: [{ ports: tcp(...EDGE_PORTS, READINESS_PORT) }], egress }),
    policy(WEB.name, podsOf(WEB.name), { ingress: [{ from: theEdge, ports: tcp(WEB.port) }] }),
    policy("acme-solver", solver, { ingress: [{ from: theEdge, ports: tcp(ACME_SOLVER.port) }] }),
    policy(DEMO, podsOf(DEMO), { egress: [{ to: theEdge, ports: tcp(...EDGE_PORTS) }] }),
  ];
}

/** Who uses an engine in a shop that has these. */
export function clientsOf({ workloads }: Mesh, engine: Engine, shop: ReadonlySet<Engine>): string[] {
  return workloads.filter((it) => enginesOf(it.deployment, shop).includes(engine)).map((it) => it.name);
}

/** Both ends of what goes to PostgreSQL; where it is outside, the overlay puts its addresses into "to-postgres". */
function database(mesh: Mesh): NetworkPolicy[] {
  const values = clientsOf(mesh, "postgres", LEAN);
  if (values.length === 0) return [];
  const clients: Selector = { matchExpressions: [{ key: NAME_LABEL, operator: "In", values }] };
  const ports = tcp(POSTGRES.port);
  return [
    policy(`to-${POSTGRES.name}`, clients, { egress: [{ to: [{ podSelector: podsOf(POSTGRES.name) }], ports }] }),
    policy(POSTGRES.name, podsOf(POSTGRES.name), { ingress: [{ from: [{ podSelector: clients }], ports }] }),
  ];
}

/**
 * The network's edges are the graph of calls: what no contract joins cannot connect, whatever Istio's policies say. Nothing
 * leads out of the namespace, and so none to the internet.
 */
export function emitNetworkPolicy(mesh: Mesh): GeneratedFile[] {
  const services = mesh.workloads.map((it) =>
    policy(it.name, podsOf(it.name), { ingress: ingressOf(mesh, it), egress: egressOf(mesh, it.name) }),
  );
  const policies = [...common(), ...edge(mesh), ...services, ...database(mesh)];
  return [yamlFile(`${CLUSTER_FOLDER}/network-policies.yaml`, policies)];
}
