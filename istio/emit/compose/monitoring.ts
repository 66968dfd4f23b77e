import type { Mesh, MeshWorkload } from "../../model.ts";
import { MONITORS } from "../../names.ts";
import { DASHBOARD } from "../slo/rules.ts";
import { afterCertificates, certificateOf, TLS_FILES } from "./certificates.ts";
import { type Container, confined, healthcheck, MESH_NETWORK, volumeAt } from "./container.ts";
import { GRAFANA_PORT, PROMETHEUS_PORT } from "./ports.ts";
import { variable } from "./variables.ts";

/** Figures are for who is on the machine: Prometheus asks nobody for a password. */
const ADDRESS = "127.0.0.1";
/** Where those are reached from outside who look at the figures. */
export const MONITORING_NETWORK = "monitoring";

const RULES = "/etc/prometheus/slo.rules.yaml";
const PROMETHEUS_CONFIG = "/etc/prometheus/prometheus.yml";
const PROVISIONING = "/etc/grafana/provisioning";
const DASHBOARDS = "/etc/grafana/dashboards";

/** All replicas of a service, with a certificate of its own: figures are nobody else's business. */
function scrapeOf({ name, port }: MeshWorkload) {
  const { TLS_CERT: cert_file, TLS_KEY: key_file, TLS_CA: ca_file } = TLS_FILES;
  return {
    job_name: name,
    scheme: "https",
    tls_config: { ca_file, cert_file, key_file, server_name: name },
    dns_sd_configs: [{ names: [name], type: "A", port, refresh_interval: "10s" }],
    // The dashboard tells replicas apart by it.
    relabel_configs: [{ source_labels: ["__address__"], target_label: "pod" }],
  };
}

/** What Prometheus watches, and the rules by which it does. */
export function prometheusConfig({ workloads }: Mesh): object {
  return {
    global: { scrape_interval: "15s", evaluation_interval: "30s" },
    rule_files: [RULES],
    scrape_configs: workloads.map(scrapeOf),
  };
}

/** Grafana's source of figures. */
export const grafanaSource = {
  apiVersion: 1,
  datasources: [
    {
      name: "Prometheus",
      type: "prometheus",
      access: "proxy",
      url: `http://prometheus:${PROMETHEUS_PORT}`,
      isDefault: true,
    },
  ],
};

/** Where Grafana finds its dashboards. */
export const grafanaDashboards = {
  apiVersion: 1,
  providers: [{ name: "shopmesh", type: "file", allowUiUpdates: false, options: { path: DASHBOARDS } }],
};

function prometheus(): Container {
  return confined({
    profiles: ["full"],
    image: "docker.io/prom/prometheus:v3.7.3",
    // Its own user, and the group that may read certificates.
    user: "65534:1000",
    command: [
      `--config.file=${PROMETHEUS_CONFIG}`,
      "--storage.tsdb.path=/prometheus",
      "--storage.tsdb.retention.time=15d",
      `--web.listen-address=:${PROMETHEUS_PORT}`,
    ],
    networks: { [MESH_NETWORK]: {}, [MONITORING_NETWORK]: {} },
    ports: [`${ADDRESS}:${variable("PROMETHEUS_PORT")}:${PROMETHEUS_PORT}`],
    volumes: [certificateOf(MONITORS.prometheus), volumeAt(MONITORS.prometheus, "/prometheus")],
    configs: [
      { source: "prometheus", target: PROMETHEUS_CONFIG },
      { source: "rules", target: RULES },
    ],
    healthcheck: healthcheck(["CMD", "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${PROMETHEUS_PORT}/-/ready`]),
    depends_on: afterCertificates,
    mem_limit: "512m",
  });
}

function grafana(): Container {
  return confined({
    profiles: ["full"],
    image: "docker.io/grafana/grafana:12.2.1",
    // The image's own; its volume is of this group.
    user: "472:0",
    environment: {
      GF_SECURITY_ADMIN_PASSWORD: variable("GRAFANA_PASSWORD"),
      GF_USERS_ALLOW_SIGN_UP: "false",
      GF_ANALYTICS_REPORTING_ENABLED: "false",
      GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
      GF_PLUGINS_PREINSTALL_DISABLED: "true",
    },
    networks: { [MONITORING_NETWORK]: {} },
    ports: [`${ADDRESS}:${variable("GRAFANA_PORT")}:${GRAFANA_PORT}`],
    volumes: [volumeAt(MONITORS.grafana, "/var/lib/grafana")],
    configs: [
      { source: "grafana-source", target: `${PROVISIONING}/datasources/prometheus.yaml` },
      { source: "grafana-dashboards", target: `${PROVISIONING}/dashboards/shopmesh.yaml` },
      { source: "dashboard", target: `${DASHBOARDS}/${DASHBOARD.uid}.json` },
    ],
    tmpfs: ["/tmp"],
    healthcheck: healthcheck(["CMD", "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${GRAFANA_PORT}/api/health`]),
    depends_on: { [MONITORS.prometheus]: { condition: "service_healthy" } },
    mem_limit: "512m",
  });
}

/** Who looks at the figures. */
export function monitoringContainers(): Record<string, Container> {
  return { [MONITORS.prometheus]: prometheus(), [MONITORS.grafana]: grafana() };
}
