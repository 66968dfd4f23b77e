import { Deployment } from "kubernetes-models/apps/v1";
import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import { IMAGE, NAMESPACE, serviceAccountOf } from "../../names.ts";
import { probesOf, STARTUP_SECONDS } from "./probes.ts";
import { portOf } from "./service.ts";
import { ENVIRONMENT_CONFIG } from "./settings.ts";
import { labelsOf, stablePodLabels, type Unit } from "./unit.ts";

/** The image's user, by number, so that the kubelet can see that it is not root. */
const USER_ID = 1000;

/**
 * How a pod ends: its sidecar tells clients to go elsewhere and preStop waits until the mesh knows; then SIGTERM, and the
 * service lets its calls end (10 s at most, `CLOSE_GRACE_MS` in the kit) and closes what it holds; last of all the sidecar ends (5 s).
 */
const PRE_STOP_SECONDS = 5;
const GRACE_SECONDS = 40;

const REVISIONS_KEPT = 5;
/** A version that does not become ready within this time is reported as failed: longer than it may take to start. */
const PROGRESS_SECONDS = STARTUP_SECONDS + 120;

const SECURITY: NonNullable<IContainer["securityContext"]> = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
};

function environmentOf({ name, secrets }: Unit): NonNullable<IContainer["envFrom"]> {
  const secretRefs = Object.keys(secrets).length === 0 ? [] : [{ secretRef: { name } }];
  return [{ configMapRef: { name: ENVIRONMENT_CONFIG } }, { configMapRef: { name } }, ...secretRefs];
}

function container(unit: Unit): IContainer {
  const { cpuMillis, memoryMiB, memoryMaxMiB } = unit.size;
  const { name, port } = portOf(unit);
  return {
    name: unit.name,
    image: IMAGE,
    args: [unit.program],
    envFrom: environmentOf(unit),
    ports: [{ name, containerPort: port }],
    ...probesOf(name),
    lifecycle: { preStop: { sleep: { seconds: PRE_STOP_SECONDS } } },
    resources: {
      requests: { cpu: `${cpuMillis}m`, memory: `${memoryMiB}Mi` },
      limits: { memory: `${memoryMaxMiB}Mi` },
    },
    securityContext: SECURITY,
  };
}

/** Over nodes and zones as evenly as there is room; each version for itself, so that an old one does not stand in the way. */
function spread(unit: Unit): NonNullable<IPodSpec["topologySpreadConstraints"]> {
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: stablePodLabels(unit) },
    matchLabelKeys: ["pod-template-hash"],
  }));
}

function annotationsOf({ name, port, rpcs }: Unit): Record<string, string> {
  return {
    // The proxy is there before the service needs the network, and ends after it: Kubernetes ≥ 1.29.
    "sidecar.istio.io/nativeSidecar": "true",
    "kubectl.kubernetes.io/default-container": name,
    ...(rpcs && {
      "prometheus.io/scrape": "true",
      "prometheus.io/port": `${port}`,
      "prometheus.io/path": "/metrics",
      // Prometheus has no identity in the mesh: the proxy's own port serves both its figures and the service's.
      "prometheus.istio.io/merge-metrics": "true",
    }),
  };
}

/** The pods of a unit, and how one version of them follows another: no request is to notice. */
export function podsOf(unit: Unit): Deployment {
  const labels = {
    ...labelsOf(unit),
    ...stablePodLabels(unit),
    // Istio's figures tell the tracks apart by it.
    "service.istio.io/canonical-revision": "stable",
  };
  return new Deployment({
    metadata: { name: unit.name, namespace: NAMESPACE, labels: labelsOf(unit) },
    spec: {
      selector: { matchLabels: stablePodLabels(unit) },
      revisionHistoryLimit: REVISIONS_KEPT,
      progressDeadlineSeconds: PROGRESS_SECONDS,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: {
          labels,
          annotations: annotationsOf(unit),
        },
        spec: {
          serviceAccountName: serviceAccountOf(unit.name),
          automountServiceAccountToken: false,
          // The variables that Kubernetes makes of services would be taken for settings: PRODUCT_PORT=tcp://10.96.3.7:3001.
          enableServiceLinks: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER_ID,
            runAsGroup: USER_ID,
            seccompProfile: { type: "RuntimeDefault" },
          },
          topologySpreadConstraints: spread(unit),
          terminationGracePeriodSeconds: GRACE_SECONDS,
          containers: [container(unit)],
        },
      },
    },
  });
}
