import { createAuthority } from "#kit/testing/certificates.ts";
import { EDGE_CERTIFICATE, EDGE_GATEWAY, NAMESPACE } from "../../names.ts";
import { apply, type KubeObject, kubectl, list, until } from "./kubectl.ts";
import { DEV, render } from "./manifests.ts";
import { SETTINGS, TEST_LABEL, TEST_NAMESPACE } from "./settings.ts";

const READY_MS = 480_000;
/** On the shop's namespace once the test put it there, so that nobody's shop is taken for the test's. */
const MARK = "shopmesh/test";

interface Certificate extends KubeObject {
  readonly spec: { readonly dnsNames: readonly string[] };
}

/** The cluster has what the test needs, and no shop of anybody else's. */
async function check(): Promise<void> {
  await kubectl(["version", "-o", "json"]).catch((error: unknown) => {
    throw new Error("The cluster that KUBECONFIG names does not answer.", { cause: error });
  });
  await kubectl(["-n", "istio-system", "get", "deployment", "istiod", "-o", "name"]).catch((error: unknown) => {
    throw new Error("The cluster has no Istio in istio-system.", { cause: error });
  });
  const namespaces = await list("namespaces");
  const there = namespaces.find((it) => it.metadata.name === NAMESPACE);
  if (there !== undefined && there.metadata.labels?.[MARK] !== "true" && !SETTINGS.keep)
    throw new Error(
      `The cluster has a namespace ${NAMESPACE} already, which the test would change and in the end delete. ` +
        `Delete it, take another cluster, or set SHOPMESH_KEEP=true: then the test works on it and leaves it.`,
    );
}

async function hasCertManager(): Promise<boolean> {
  const deployments = await list("deployments", "-A", "-l", "app.kubernetes.io/name=cert-manager");
  return deployments.length > 0;
}

/** The ingress' certificate, as cert-manager would put it there. */
async function secretFor(host: string) {
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ hosts: [host] });
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { name: EDGE_CERTIFICATE, namespace: NAMESPACE, labels: TEST_LABEL },
    stringData: { "tls.crt": `${cert}\n${authority.ca}`, "tls.key": key },
  };
}

/** Waits until everything that was applied serves. */
async function ready(): Promise<void> {
  await until("the ingress is made", async () => {
    return (await list("deployments")).find((it) => it.metadata.name === EDGE_GATEWAY.workload);
  });
  const workloads = ["deployments", "statefulsets"].map(async (kind) =>
    (await list(kind)).map((it) => `${kind}/${it.metadata.name}`),
  );
  const names = (await Promise.all(workloads)).flat();
  await Promise.all(
    names.map((it) =>
      kubectl(["rollout", "status", it, `--timeout=${READY_MS / 1000}s`], { timeoutMs: READY_MS + 10_000 }),
    ),
  );
}

/** What stands in the cluster: everything that was applied, and the name under which browsers find it. */
export interface Deployed {
  readonly objects: readonly KubeObject[];
  readonly host: string;
}

/**
 * Puts a shop into the cluster, as `kubectl apply` would, and waits until it serves.
 * @param secrets what an operator of the cluster makes in its namespace
 */
export async function deploy(objects: readonly KubeObject[], secrets: readonly object[] = []): Promise<Deployed> {
  await check();
  const certificate = objects.find((it) => it.kind === "Certificate") as Certificate | undefined;
  const [host = "localhost"] = certificate?.spec.dnsNames ?? [];
  await apply(objects.filter((it) => it.kind === "Namespace"));
  await apply([...secrets, ...objects]);
  await kubectl(["label", "--overwrite", "namespace", NAMESPACE, `${MARK}=true`]);
  if (!(await hasCertManager())) await apply([await secretFor(host)]);
  await ready();
  return { objects, host };
}

/** Puts the shop into the cluster as `kubectl apply -k k8s/overlays/dev` would, and waits until it serves. */
export async function deployDev(): Promise<Deployed> {
  return deploy(await render(DEV));
}

/** Takes everything away that the test put into the cluster. */
export async function tearDown(): Promise<void> {
  const wait = ["--ignore-not-found", "--timeout=240s"];
  await kubectl(["delete", "namespace", NAMESPACE, TEST_NAMESPACE, ...wait], { timeoutMs: 250_000 });
}
