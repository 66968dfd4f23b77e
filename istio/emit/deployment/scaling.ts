import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { NAME_LABEL, NAMESPACE } from "../../names.ts";
import { labelsOf, stablePodLabels, type Unit } from "./unit.ts";

/** An environment says how many it wants at least: k8s/components/values. */
export const REPLICAS_MIN = 2;
export const REPLICAS_MAX = 10;
export const CPU_PERCENT = 70;

/**
 * How many replicas there are, and how many may be away at once when nodes are emptied. The Deployment says no number: applying
 * it again would undo what the autoscaler found. It counts the service's own CPU, not its proxy's.
 */
export function scalingOf(unit: Unit): [HorizontalPodAutoscaler, PodDisruptionBudget] {
  const { name } = unit;
  const metadata = { name, namespace: NAMESPACE, labels: labelsOf(unit) };
  return [
    new HorizontalPodAutoscaler({
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
        minReplicas: REPLICAS_MIN,
        maxReplicas: REPLICAS_MAX,
        metrics: [
          {
            type: "ContainerResource",
            containerResource: {
              name: "cpu",
              container: name,
              target: { type: "Utilization", averageUtilization: CPU_PERCENT },
            },
          },
        ],
      },
    }),
    new PodDisruptionBudget({
      metadata,
      spec: {
        // One at a time holds for a single replica too, which could never be moved if one had to stay.
        maxUnavailable: 1,
        // What does not work anyway keeps no node from being emptied.
        unhealthyPodEvictionPolicy: "AlwaysAllow",
        selector: { matchLabels: { [NAME_LABEL]: name, ...stablePodLabels(unit) } },
      },
    }),
  ];
}
