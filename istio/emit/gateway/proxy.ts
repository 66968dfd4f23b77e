import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { ConfigMap } from "kubernetes-models/v1";
import { stringify } from "yaml";
import { EDGE_GATEWAY, NAMESPACE, podLabels } from "../../names.ts";
import { CPU_PERCENT, REPLICAS_MAX, REPLICAS_MIN } from "../deployment/scaling.ts";

/** What Istio makes the ingress' Deployment of, beside its own template. */
export const PROXY_CONFIG = "edge-gateway";

/** A proxy that has to go waits until its clients are gone: longer than any call takes, though not than any stream. */
const GRACE_SECONDS = 40;
const SIZE = { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "1Gi" } };

const labels = podLabels(EDGE_GATEWAY.gateway);

const deployment = {
  spec: {
    strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: {
      spec: {
        securityContext: { seccompProfile: { type: "RuntimeDefault" } },
        terminationGracePeriodSeconds: GRACE_SECONDS,
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: labels },
          },
        ],
        containers: [
          {
            name: "istio-proxy",
            resources: SIZE,
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

/** The proxies behind the Gateway: how large, how they end, how many. */
export function proxiesOf(): [ConfigMap, HorizontalPodAutoscaler, PodDisruptionBudget] {
  const metadata = { name: EDGE_GATEWAY.workload, namespace: NAMESPACE };
  const target = { type: "Utilization", averageUtilization: CPU_PERCENT };
  return [
    new ConfigMap({
      metadata: { name: PROXY_CONFIG, namespace: NAMESPACE },
      data: { deployment: stringify(deployment) },
    }),
    new HorizontalPodAutoscaler({
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: EDGE_GATEWAY.workload },
        minReplicas: REPLICAS_MIN,
        maxReplicas: REPLICAS_MAX,
        metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
      },
    }),
    new PodDisruptionBudget({
      metadata,
      spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: { matchLabels: labels } },
    }),
  ];
}
