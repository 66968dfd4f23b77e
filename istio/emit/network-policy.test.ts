import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { contractOf } from "#kit/testing/contract.ts";
import { type Mesh, meshOf } from "../model.ts";
import { podLabels } from "../names.ts";
import { readMesh } from "../shop.ts";
import { emitNetworkPolicy } from "./network-policy.ts";

type Spec = NonNullable<INetworkPolicy["spec"]>;
type Rule = NonNullable<Spec["ingress"]>[number] & NonNullable<Spec["egress"]>[number];
type Labels = Readonly<Record<string, string>>;

/** One end of a connection: a pod by its namespace's and its own labels, or an address outside. */
interface End {
  readonly name: string;
  readonly namespace?: Labels;
  readonly labels?: Labels;
  /** Of an address outside, where a rule may name it. */
  readonly cidr?: string;
}

const mesh = await readMesh();
const HERE: Labels = { "kubernetes.io/metadata.name": "shopmesh" };
const pod = (name: string): End => ({ name, namespace: HERE, labels: podLabels(name) });
const elsewhere = (namespace: string, labels: Labels = {}, more: Labels = {}): End => ({
  name: `${namespace} ${JSON.stringify(labels)}`,
  namespace: { "kubernetes.io/metadata.name": namespace, ...more },
  labels,
});
const INTERNET: End = { name: "the internet" };
const ISTIOD = elsewhere("istio-system", { app: "istiod" });
const PROMETHEUS = elsewhere("watching", {}, { "shopmesh/monitoring": "true" });
const DNS = elsewhere("kube-system", { "k8s-app": "kube-dns" });
const NODE_DNS: End = { name: "the node's DNS", cidr: "169.254.20.10/32" };

const specsOf = (of: Mesh): Spec[] =>
  emitNetworkPolicy(of).flatMap((file) =>
    parseAllDocuments(file.text).map((it) => (it.toJS() as INetworkPolicy).spec ?? {}),
  );

function selects(selector: Spec["podSelector"], labels: Labels | undefined): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  if (labels === undefined) return false;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => operator === "In" && values?.includes(labels[key] ?? ""))
  );
}

/** Whether a rule of a policy names the other end; one without peers names all. */
function names(peers: Rule["from"], { namespace, labels, cidr }: End): boolean {
  if (peers === undefined) return true;
  return peers.some(({ namespaceSelector, podSelector, ipBlock }) => {
    if (ipBlock !== undefined) return ipBlock.cidr === cidr;
    const near = namespaceSelector ? selects(namespaceSelector, namespace) : namespace === HERE;
    return near && (podSelector === undefined || selects(podSelector, labels));
  });
}

/** Whether a connection is allowed at one of its ends, as Kubernetes says: isolated by any policy, opened by any rule. */
function side(specs: readonly Spec[], type: "Ingress" | "Egress", own: End, other: End, port: string): boolean {
  const about = specs.filter(
    (it) => it.policyTypes?.includes(type) && own.namespace === HERE && selects(it.podSelector, own.labels),
  );
  if (about.length === 0) return true;
  const rules = about.flatMap((it): Rule[] => (type === "Ingress" ? it.ingress : it.egress) ?? []);
  return rules.some(
    (it) =>
      names(type === "Ingress" ? it.from : it.to, other) &&
      (it.ports === undefined || it.ports.some(({ protocol, port: open }) => `${protocol} ${open}` === port)),
  );
}

const connects = (specs: readonly Spec[], from: End, to: End, port: string) =>
  side(specs, "Egress", from, to, port) && side(specs, "Ingress", to, from, port);

const OTHER_PORTS = "22 53 80 443 5432 8080 8089 9229 15012 15017 15020 15021".split(" ");

/** All that may connect in a network, as "from → to TCP port". */
function openIn(of: Mesh, ends: readonly End[]): string[] {
  const specs = specsOf(of);
  const ports = [...of.workloads.map((it) => `${it.port}`), ...OTHER_PORTS].map((it) => `TCP ${it}`).concat("UDP 53");
  return ends
    .flatMap((from) => ends.map((to) => [from, to] as const))
    .filter(([from, to]) => [from, to].some((it) => it.namespace === HERE))
    .flatMap(([from, to]) =>
      ports.filter((it) => connects(specs, from, to, it)).map((it) => `${from.name} → ${to.name} ${it}`),
    )
    .sort();
}

const portOf = (of: Mesh, name: string) => of.workloads.find((it) => it.name === name)?.port;
const edgesOf = (of: Mesh) => of.graph.map(({ caller, callee }) => `${caller} → ${callee} TCP ${portOf(of, callee)}`);
const services = mesh.workloads.map((it) => it.name);
const solver: End = { name: "solver", namespace: HERE, labels: { "acme.cert-manager.io/http01-solver": "true" } };
const shop = [...[...services, "edge", "web", "postgres", "demo", "stranger"].map(pod), solver];
const stores = mesh.workloads.filter((it) => it.deployment.store === "postgres").map((it) => it.name);

describe("the network is open", () => {
  it("within the shop along the graph of calls, and to what each keeps and shows", () => {
    const more = ["edge → web TCP 8080", "edge → solver TCP 8089", ...stores.map((it) => `${it} → postgres TCP 5432`)];
    // Whatever has its way out may come to the edge: the demo's loader, and nobody else.
    const toEdge = ["demo → edge TCP 443", "demo → edge TCP 80"];
    expect(openIn(mesh, shop)).toEqual([...edgesOf(mesh), ...more, ...toEdge].sort());
  });

  it("to the outside for names, for the proxies' orders, for measuring and at the edge, and no further", () => {
    const outside = [
      INTERNET,
      ISTIOD,
      PROMETHEUS,
      DNS,
      NODE_DNS,
      elsewhere("istio-system"),
      elsewhere("default"),
      elsewhere("kube-public"),
    ];
    const out = shop.flatMap(({ name }) => [
      ...[DNS, NODE_DNS].flatMap((it) => [`${name} → ${it.name} TCP 53`, `${name} → ${it.name} UDP 53`]),
      `${name} → ${ISTIOD.name} TCP 15012`,
      `${PROMETHEUS.name} → ${name} TCP 15020`,
      `${PROMETHEUS.name} → ${name} TCP 15021`,
    ]);
    // 15021: load balancers send nobody to an ingress that they cannot ask.
    const toEdge = outside.flatMap(({ name }) => [80, 443, 15021].map((port) => `${name} → edge TCP ${port}`));
    const within = openIn(mesh, shop);
    const found = openIn(mesh, [...shop, ...outside]).filter((it) => !within.includes(it));
    expect(found).toEqual([...new Set([...out, ...toEdge])].sort());
  });

  it("by a contract's change, where it says so and nowhere else", () => {
    const meshWith = (callers: string[]) => {
      const policy = { user: User.ANY, timeout: { seconds: 1n } };
      const contracts = ["cart", "order", "product"].map((it) =>
        contractOf(
          [{ name: "Say", policy: { ...policy, callers: it === "cart" ? callers : ["edge"] } }],
          `test.${it}.v1`,
        ),
      );
      const plain = { store: "none", size: { cpuMillis: 1, memoryMiB: 1, memoryMaxMiB: 1 } } as const;
      return meshOf(contracts, { cart: plain, order: plain, product: plain });
    };
    const open = (callers: string[]) => openIn(meshWith(callers), shop);
    const before = open(["order"]);
    const after = open(["order", "product"]);
    expect(after.filter((it) => !before.includes(it))).toEqual(["product → cart TCP 3004"]);
    expect(before.filter((it) => !after.includes(it))).toEqual([]);
  });
});
