import { NAMESPACE, spiffeIdOf, TRUST_DOMAIN } from "#kit/identity/spiffe.ts";
import { EDGE, type Mesh } from "../../model.ts";
import { WEB } from "../../names.ts";
import type { EnvoyMessage } from "../edge/filters.ts";
import { envoyConfig } from "../envoy/config.ts";
import { afterCertificates, certificateOf, TLS_FILES } from "./certificates.ts";
import { after, type Container, confined, healthcheck, MESH_NETWORK, PROFILES } from "./container.ts";
import { EDGE_ADMIN_PORT, EDGE_PORT } from "./ports.ts";
import { variable } from "./variables.ts";
import { containerNameOf } from "./workloads.ts";

/** The Envoy that the tests run. */
const IMAGE = "docker.io/envoyproxy/envoy:v1.40.0";
const CONFIG = "/etc/envoy/envoy.yaml";
const REALM = { trustDomain: TRUST_DOMAIN, namespace: NAMESPACE };

/** Envoy's image has no client for HTTP, and its answers are for HTTP/1.1. */
const ASK = [
  `exec 3<>/dev/tcp/127.0.0.1/${EDGE_ADMIN_PORT}`,
  "printf 'GET /ready HTTP/1.1\\r\\nhost: envoy\\r\\nconnection: close\\r\\n\\r\\n' >&3",
  "grep -q LIVE <&3",
].join(" && ");

/** The same edge as the cluster's ingress, in front of services that know it by its certificate. */
export function edgeConfig(mesh: Mesh): EnvoyMessage {
  const ports = new Map<string, number>([
    [WEB.name, WEB.port],
    ...mesh.workloads.map((it) => [it.name, it.port] as const),
  ]);
  const { TLS_CERT: cert, TLS_KEY: key, TLS_CA: ca } = TLS_FILES;
  return envoyConfig(mesh, {
    addressesOf: (workload) => [{ host: workload, port: ports.get(workload) ?? 0 }],
    host: "0.0.0.0",
    httpPort: EDGE_PORT,
    workloadTls: { files: { cert, key, ca }, idOf: (workload) => spiffeIdOf(workload, REALM) },
    origins: [],
    adminPort: EDGE_ADMIN_PORT,
  });
}

/** Envoy, the one container that browsers reach. */
export function edgeContainer(mesh: Mesh): Container {
  const services = PROFILES.flatMap((profile) => mesh.workloads.map((it) => containerNameOf(it.name, profile)));
  return confined({
    profiles: PROFILES,
    image: IMAGE,
    // Its own name for root's opposite, and the group that may read certificates.
    user: "101:1000",
    entrypoint: ["envoy"],
    command: ["-c", CONFIG, "--log-level", "warn", "--disable-hot-restart"],
    networks: { [EDGE]: {}, [MESH_NETWORK]: {} },
    ports: [`${variable("PUBLISH_ADDRESS")}:${variable("EDGE_PORT")}:${EDGE_PORT}`],
    volumes: [certificateOf(EDGE)],
    configs: [{ source: EDGE, target: CONFIG }],
    healthcheck: healthcheck(["CMD", "bash", "-c", ASK]),
    depends_on: { ...afterCertificates, ...after("service_healthy", [...services, WEB.name]) },
    mem_limit: "640m",
  });
}
