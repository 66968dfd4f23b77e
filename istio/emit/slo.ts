import { PodMonitor, PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import { ConfigMap } from "kubernetes-models/v1";
import { type GeneratedFile, kustomization, MESH_FOLDER, yamlFile } from "../files.ts";
import type { Mesh } from "../model.ts";
import { NAMESPACE } from "../names.ts";
import { burnAlerts } from "./slo/burn-alerts.ts";
import { dashboardOf } from "./slo/dashboard.ts";
import { recordingGroups } from "./slo/recording.ts";
import { DASHBOARD, type RuleGroup } from "./slo/rules.ts";
import { workloadAlerts } from "./slo/workload-alerts.ts";

/** What needs the Prometheus operator's kinds: an environment that has it includes this folder. */
const MONITORING_FOLDER = `${MESH_FOLDER}/monitoring`;
/** What a plain Prometheus and Grafana read. */
export const PLAIN_FOLDER = `${MESH_FOLDER}/prometheus`;
const SHOP_PODS = { "app.kubernetes.io/part-of": "shopmesh" };

/** All rules: what the contracts promise, how it is kept, and who is told when it is not. */
export function ruleGroups(mesh: Mesh): RuleGroup[] {
  return [...recordingGroups(mesh), burnAlerts(), workloadAlerts(mesh)];
}

/**
 * Where Prometheus finds the metrics of a pod: at the sidecar's agent, which puts those of the service and of its proxy
 * together, and which mutual TLS does not cover. The agent's port is declared nowhere, the proxy's own is.
 */
function podMonitor(): PodMonitor {
  return new PodMonitor({
    metadata: { name: "services", namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: SHOP_PODS },
      podMetricsEndpoints: [
        {
          port: "http-envoy-prom",
          path: "/stats/prometheus",
          interval: "30s",
          relabelings: [
            { sourceLabels: ["__address__"], regex: "(.+):\\d+", replacement: "$1:15020", targetLabel: "__address__" },
          ],
        },
      ],
    },
  });
}

/** As Grafana's sidecar finds dashboards, wherever it is told to look (kube-prometheus-stack: in all namespaces). */
function dashboardConfigMap(json: string): ConfigMap {
  const labels = { grafana_dashboard: "1" };
  return new ConfigMap({
    metadata: { name: "grafana-services", namespace: NAMESPACE, labels },
    data: { [`${DASHBOARD.uid}.json`]: json },
  });
}

/** Objectives as recording rules, burn-rate alerts and a dashboard: for the operators, and for a plain Prometheus and Grafana. */
export function emitSlo(mesh: Mesh): GeneratedFile[] {
  const groups = ruleGroups(mesh);
  const rule = new PrometheusRule({ metadata: { name: "objectives", namespace: NAMESPACE }, spec: { groups } });
  const dashboard = `${JSON.stringify(dashboardOf(mesh), undefined, 2)}\n`;
  const files = [
    yamlFile(`${MONITORING_FOLDER}/slo.yaml`, [rule]),
    yamlFile(`${MONITORING_FOLDER}/pod-monitor.yaml`, [podMonitor()]),
    yamlFile(`${MONITORING_FOLDER}/dashboard.yaml`, [dashboardConfigMap(dashboard)]),
  ];
  const plain = [
    yamlFile(`${PLAIN_FOLDER}/slo.rules.yaml`, [{ groups }]),
    { path: `${PLAIN_FOLDER}/dashboard.json`, text: dashboard },
  ];
  return [...files, kustomization(MONITORING_FOLDER, files), ...plain];
}
