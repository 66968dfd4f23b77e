import { CONTROL_PLANE, NAMESPACE, serviceAccountOf, TRUST_DOMAIN } from "../../names.ts";
import type { CallResult, CallsInput, CallToMake } from "../pod/calls.ts";
import type { CertificatesInput } from "../pod/certificates.ts";
import type { Certificate, Peer } from "../pod/identity.ts";
import { NAMESAKE, OUTSIDER, STRANGER } from "../table/cells.ts";
import { inPod } from "./in-pod.ts";
import { apply, kubectl, readyPod } from "./kubectl.ts";
import { podsRun, testPod } from "./pods.ts";
import { TEST_LABEL, TEST_NAMESPACE } from "./settings.ts";

const NAME = "runner";
const PLACE = { namespace: TEST_NAMESPACE, pod: NAME, container: "app" };
const CERTIFICATE_SECONDS = 6 * 3600;
const TOKEN_DURATION = "30m";
/** Known to sidecars by this audience alone. */
const ISSUER_AUDIENCE = "istio-ca";

/** A pod outside the mesh that holds the identity of every workload, got as a sidecar gets its own. */
export interface Runner {
  /** Makes calls, some at once. */
  calls(
    options: Pick<CallsInput, "peers" | "tokens"> & { readonly calls: readonly CallToMake[] },
  ): Promise<CallResult[]>;
}

/** Where the runner may go: everywhere, so that nothing but the mesh stands between it and a workload. */
const WAY_IN = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "test-runner", namespace: NAMESPACE, labels: TEST_LABEL },
  spec: {
    podSelector: {},
    policyTypes: ["Ingress"],
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": TEST_NAMESPACE } } }] }],
  },
};

function serviceAccount(name: string, namespace: string) {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace, labels: TEST_LABEL } };
}

/** The service account of a caller of the table, and its namespace. */
function accountOf(caller: string): readonly [namespace: string, name: string] {
  return caller === NAMESAKE ? [TEST_NAMESPACE, "order"] : [NAMESPACE, serviceAccountOf(caller)];
}

async function tokenOf(caller: string): Promise<string> {
  const [namespace, name] = accountOf(caller);
  const args = ["-n", namespace, "create", "token", name, "--audience", ISSUER_AUDIENCE, "--duration", TOKEN_DURATION];
  return (await kubectl(args)).trim();
}

async function issueAll(callers: readonly string[]): Promise<Record<string, Certificate>> {
  const root = "{.data.root-cert\\.pem}";
  const service = ["-n", CONTROL_PLANE.namespace, "get", "service", "istiod", "-o", "jsonpath={.spec.clusterIP}"];
  const [trusted, host, ...tokens] = await Promise.all([
    kubectl(["get", "configmap", "istio-ca-root-cert", "-o", `jsonpath=${root}`]),
    kubectl(service),
    ...callers.map(tokenOf),
  ]);
  const { namespace, port } = CONTROL_PLANE;
  const input: CertificatesInput = {
    issuer: { host, port, serverName: `istiod.${namespace}.svc`, root: trusted },
    tokens: Object.fromEntries(callers.map((it, index) => [it, tokens[index] ?? ""])),
    validSeconds: CERTIFICATE_SECONDS,
  };
  return inPod(PLACE, "certificates", input);
}

/** The peer that a workload's pod is, at one of its ports. */
export async function peerOf(workload: string, port: number, labels: Readonly<Record<string, string>>): Promise<Peer> {
  const { address } = await readyPod(labels);
  const account = serviceAccountOf(workload);
  return { host: address, port, spiffe: `spiffe://${TRUST_DOMAIN}/ns/${NAMESPACE}/sa/${account}` };
}

/** Starts the runner and gets a certificate for every caller that can have one. */
export async function startRunner(callers: readonly string[]): Promise<Runner> {
  const namespace = { name: TEST_NAMESPACE, labels: { ...TEST_LABEL, "istio-injection": "disabled" } };
  await apply([
    { apiVersion: "v1", kind: "Namespace", metadata: namespace },
    serviceAccount("order", TEST_NAMESPACE),
    serviceAccount(STRANGER, NAMESPACE),
    WAY_IN,
    testPod({ name: NAME, namespace: TEST_NAMESPACE, sidecar: false }),
  ]);
  await podsRun([NAME], TEST_NAMESPACE);
  const certificates = await issueAll(callers.filter((it) => it !== OUTSIDER));
  return {
    calls: ({ calls, ...rest }) =>
      inPod(PLACE, "calls", { ...rest, certificates, calls } satisfies CallsInput, CALLS_MS),
  };
}

const CALLS_MS = 300_000;
