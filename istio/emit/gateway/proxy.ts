import { ConfigMap } from "kubernetes-models/v1";
import { stringify } from "yaml";
import { EDGE_GATEWAY, NAMESPACE, podLabels } from "../../names.ts";

/** What Istio makes the ingress' Deployment, HorizontalPodAutoscaler and PodDisruptionBudget of, beside its own template. */
export const PROXY_CONFIG = "edge-gateway";

const CPU_PERCENT = 70;
const REPLICAS = { min: 2, max: 10 };
/** A proxy that has to go waits until its clients are gone: longer than any call takes, though not than any stream. */
const GRACE_SECONDS = 40;

const deployment = {
  spec: {
    strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: {
      spec: {
        terminationGracePeriodSeconds: GRACE_SECONDS,
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: podLabels(EDGE_GATEWAY.gateway) },
          },
        ],
        containers: [
          {
            name: "istio-proxy",
            resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "1Gi" } },
            env: [
              { name: "EXIT_ON_ZERO_ACTIVE_CONNECTIONS", value: "true" },
              { name: "MINIMUM_DRAIN_DURATION", value: "5s" },
            ],
          },
        ],
      },
    },
  },
};

const cpu = { name: "cpu", target: { type: "Utilization", averageUtilization: CPU_PERCENT } };
const horizontalPodAutoscaler = {
  spec: { minReplicas: REPLICAS.min, maxReplicas: REPLICAS.max, metrics: [{ type: "Resource", resource: cpu }] },
};
const podDisruptionBudget = { spec: { maxUnavailable: 1 } };

/** The proxies behind the Gateway: how many, how large, how they end. */
export function proxyDeployment(): ConfigMap {
  const parts = { deployment, horizontalPodAutoscaler, podDisruptionBudget };
  const data = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, stringify(part)]));
  return new ConfigMap({ metadata: { name: PROXY_CONFIG, namespace: NAMESPACE }, data });
}
