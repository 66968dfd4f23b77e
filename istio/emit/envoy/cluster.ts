import type { TlsFiles } from "#kit/identity/settings.ts";
import { LIMITS } from "#kit/server/limits.ts";
import { WEB } from "../../names.ts";
import type { EnvoyMessage } from "../edge/filters.ts";
import { EDGE_LIMITS, seconds } from "../edge/limits.ts";

/** Where one replica listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How the edge shows services who it is by a certificate, and knows them by theirs. */
export interface WorkloadTls {
  readonly files: TlsFiles;
  /** The SPIFFE id of a workload. */
  readonly idOf: (workload: string) => string;
}

const TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3";

function transportSocket(workload: string, { files, idOf }: WorkloadTls): EnvoyMessage {
  const id = { san_type: "URI", matcher: { exact: idOf(workload) } };
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": `${TLS}.UpstreamTlsContext`,
      common_tls_context: {
        alpn_protocols: ["h2"],
        tls_params: { tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_3" },
        tls_certificates: [{ certificate_chain: { filename: files.cert }, private_key: { filename: files.key } }],
        validation_context: { trusted_ca: { filename: files.ca }, match_typed_subject_alt_names: [id] },
      },
    },
  };
}

const CONNECT_TIMEOUT_MS = 2_000;
const HEALTH_INTERVAL_MS = 2_000;
const HEALTH_TIMEOUT_MS = 1_000;
// Of the calls under way, those that may be repeats at the same time.
const RETRY_BUDGET_PERCENT = 20;
const RETRIES_MIN = 3;
// A connection that the service closes for its own reasons must not be one that a call was just put on.
const EARLIER_MS = 15_000;

/** gRPC needs HTTP/2, and the services speak it in clear; the web app's files come by HTTP/1.1. */
function protocolOf(workload: string): EnvoyMessage {
  const web = workload === WEB.name;
  const explicit = web
    ? { http_protocol_options: {} }
    : { http2_protocol_options: { max_concurrent_streams: LIMITS.streamsPerConnectionMax } };
  return {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: explicit,
      common_http_protocol_options: {
        idle_timeout: seconds((web ? LIMITS.keepAliveTimeoutMs : LIMITS.idleTimeoutMs) - EARLIER_MS),
      },
    },
  };
}

/** A workload and how Envoy calls it: the replica with the least to do of those that say they are ready. */
export function clusterOf(workload: string, addresses: readonly Address[], tls?: WorkloadTls): EnvoyMessage {
  const endpoints = addresses.map(({ host, port }) => ({
    endpoint: { address: { socket_address: { address: host, port_value: port } } },
  }));
  return {
    name: workload,
    type: "STRICT_DNS",
    connect_timeout: seconds(CONNECT_TIMEOUT_MS),
    lb_policy: "LEAST_REQUEST",
    load_assignment: { cluster_name: workload, endpoints: [{ lb_endpoints: endpoints }] },
    // The web app's files are nobody's secret, and who serves them has no certificate.
    ...(tls !== undefined && workload !== WEB.name && { transport_socket: transportSocket(workload, tls) }),
    typed_extension_protocol_options: protocolOf(workload),
    per_connection_buffer_limit_bytes: EDGE_LIMITS.bufferPerConnectionBytes,
    circuit_breakers: {
      thresholds: [
        {
          max_connections: EDGE_LIMITS.callsPerWorkloadMax,
          max_pending_requests: EDGE_LIMITS.callsPerWorkloadMax,
          max_requests: EDGE_LIMITS.callsPerWorkloadMax,
          retry_budget: { budget_percent: { value: RETRY_BUDGET_PERCENT }, min_retry_concurrency: RETRIES_MIN },
        },
      ],
    },
    health_checks: [
      {
        timeout: seconds(HEALTH_TIMEOUT_MS),
        interval: seconds(HEALTH_INTERVAL_MS),
        no_traffic_interval: seconds(HEALTH_INTERVAL_MS),
        unhealthy_threshold: 2,
        healthy_threshold: 1,
        http_health_check: {
          path: "/ready",
          codec_client_type: workload === WEB.name ? "HTTP1" : "HTTP2",
        },
      },
    ],
  };
}
