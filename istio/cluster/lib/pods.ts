import { NAMESPACE } from "../../names.ts";
import { kubectl } from "./kubectl.ts";
import { SETTINGS, TEST_LABEL } from "./settings.ts";

/** Does nothing until it is told to end. */
const IDLE = 'process.on("SIGTERM",()=>process.exit(0));setInterval(()=>{},1e6)';

/** A pod of the test: the shop's image, since that has Node, with a program of the test's own or none. */
export function testPod(options: {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
  /** Whether a sidecar stands beside it; without: no identity in the mesh. */
  readonly sidecar: boolean;
  /** JavaScript. */
  readonly program?: string;
  /** The port that tells, once open, that the pod is ready; Services know it by its name. */
  readonly port?: { readonly name: string; readonly number: number };
  /** Carries labels that a Service asks for, but must get none of its calls. */
  readonly neverReady?: boolean;
}) {
  const { name, namespace = NAMESPACE, labels, serviceAccount, sidecar, program = IDLE, port, neverReady } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      labels: { ...labels, ...TEST_LABEL, "sidecar.istio.io/inject": `${sidecar}` },
    },
    spec: {
      ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 2,
      ...(neverReady === true && { readinessGates: [{ conditionType: "shopmesh/never" }] }),
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "app",
          image: SETTINGS.image,
          imagePullPolicy: "IfNotPresent",
          command: ["node", "--input-type=module", "-e", program],
          resources: { requests: { cpu: "5m", memory: "32Mi" }, limits: { memory: "512Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          ...(port !== undefined && {
            ports: [{ name: port.name, containerPort: port.number }],
            readinessProbe: { tcpSocket: { port: port.number }, periodSeconds: 1 },
          }),
        },
      ],
    },
  };
}

/** Waits until pods run; those that are never ready count when their container does. */
export async function podsRun(names: readonly string[], namespace = NAMESPACE, condition = "Ready"): Promise<void> {
  const pods = names.map((it) => `pod/${it}`);
  await kubectl(["-n", namespace, "wait", `--for=condition=${condition}`, "--timeout=120s", ...pods], {
    timeoutMs: 130_000,
  });
}
