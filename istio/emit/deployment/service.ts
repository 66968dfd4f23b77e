import { Service, ServiceAccount } from "kubernetes-models/v1";
import { NAMESPACE, serviceAccountOf } from "../../names.ts";
import { labelsOf, stablePodLabels, type Unit } from "./unit.ts";

/** Who the pods are in the mesh. They have no business with the cluster's API, so they get no token for it. */
export function identityOf(unit: Unit): ServiceAccount {
  return new ServiceAccount({
    metadata: { name: serviceAccountOf(unit.name), namespace: NAMESPACE, labels: labelsOf(unit) },
    automountServiceAccountToken: false,
  });
}

/**
 * The one port of a unit. "grpc" and http2: HTTP/2 from proxy to proxy and into the pod; taken for plain HTTP, calls would be made
 * in HTTP/1.1, which gRPC is not.
 */
export function portOf({ port, rpcs }: Unit) {
  return rpcs ? { name: "grpc", port, appProtocol: "http2" } : { name: "http", port, appProtocol: "http" };
}

/** Where others reach the pods; a canary has a Service of its own, so that routes can weigh the two. */
export function serviceOf(unit: Unit): Service {
  const port = portOf(unit);
  return new Service({
    metadata: { name: unit.name, namespace: NAMESPACE, labels: labelsOf(unit) },
    spec: { selector: stablePodLabels(unit), ports: [{ ...port, targetPort: port.name }] },
  });
}
