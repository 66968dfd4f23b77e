import { ServiceEntry } from "@kubernetes-models/istio/networking.istio.io/v1";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { ENGINES, type Engine } from "../../engines.ts";
import { hostOf, NAME_LABEL, NAMESPACE } from "../../names.ts";
import { labelsOf } from "../deployment/unit.ts";

/** Before the environment's values are put in: addresses for documentation, which nobody has. */
const NOWHERE = "192.0.2.0/24";

/** Of the port by which a rule or an object means an engine. */
const portName = (engine: Engine) => `tcp-${engine}`;

/**
 * Makes an engine outside the cluster known to the mesh, from which nothing else may be reached: connections to the network it lies
 * in go where the client's own look-up says, with the client's own TLS. The name is one that proxies know it by, and no host's.
 */
export function serviceEntryOf(engine: Engine): ServiceEntry {
  return new ServiceEntry({
    metadata: { name: engine, namespace: NAMESPACE, labels: labelsOf({ name: engine }) },
    spec: {
      hosts: [hostOf(engine)],
      addresses: [NOWHERE],
      ports: [{ name: portName(engine), number: ENGINES[engine].port, protocol: "TCP" }],
      resolution: "NONE",
      location: "MESH_EXTERNAL",
      exportTo: ["."],
    },
  });
}

/** The way out to an engine, for those who use it. */
export function wayTo(engine: Engine, users: readonly string[]): NetworkPolicy {
  return new NetworkPolicy({
    metadata: { name: `to-${engine}`, namespace: NAMESPACE, labels: labelsOf({ name: engine }) },
    spec: {
      podSelector: { matchExpressions: [{ key: NAME_LABEL, operator: "In", values: [...users] }] },
      policyTypes: ["Egress"],
      egress: [{ to: [{ ipBlock: { cidr: NOWHERE } }], ports: [{ protocol: "TCP", port: ENGINES[engine].port }] }],
    },
  });
}

/** Puts what an environment's values.yaml says of an engine where it belongs: its network and its port. */
export function replacementsOf(engine: Engine): object[] {
  const entry = { kind: "ServiceEntry", name: engine };
  const policy = { kind: "NetworkPolicy", name: `to-${engine}` };
  const from = (key: string, fields: readonly [string, string]) => ({
    source: { kind: "ConfigMap", name: "values", fieldPath: `data.${engine}${key}` },
    targets: [entry, policy].map((select, at) => ({ select, fieldPaths: [fields[at]] })),
  });
  return [
    from("Network", ["spec.addresses.0", "spec.egress.0.to.0.ipBlock.cidr"]),
    from("Port", ["spec.ports.0.number", "spec.egress.0.ports.0.port"]),
  ];
}
