import type { Mesh } from "../../model.ts";
import { connectionManager } from "../edge/connection-manager.ts";
import { bufferFilter, corsFilter, type EnvoyMessage, headerFilter, rateLimitFilter } from "../edge/filters.ts";
import { EDGE_LIMITS } from "../edge/limits.ts";
import type { EnvoyOptions } from "./options.ts";
import { redirectHost, virtualHost } from "./virtual-host.ts";

const TYPES = "type.googleapis.com/envoy.extensions";

// A query may hold a call's message: it does not go into the log.
const LOG_FIELDS = {
  time: "%START_TIME%",
  method: "%REQ(:METHOD)%",
  path: "%PATH(NQ)%",
  status: "%RESPONSE_CODE%",
  grpc_status: "%GRPC_STATUS%",
  flags: "%RESPONSE_FLAGS%",
  details: "%RESPONSE_CODE_DETAILS%",
  duration_ms: "%DURATION%",
  received: "%BYTES_RECEIVED%",
  sent: "%BYTES_SENT%",
  client: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
  workload: "%UPSTREAM_CLUSTER%",
  request_id: "%REQ(X-REQUEST-ID)%",
};

const accessLog: EnvoyMessage = {
  name: "envoy.access_loggers.stdout",
  typed_config: {
    "@type": `${TYPES}.access_loggers.stream.v3.StdoutAccessLog`,
    log_format: { json_format: LOG_FIELDS },
  },
};

function managerOf(name: string, filters: readonly EnvoyMessage[], hosts: readonly EnvoyMessage[]): EnvoyMessage {
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": `${TYPES}.filters.http.router.v3.Router` },
  };
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      ...connectionManager,
      access_log: [accessLog],
      http_filters: [...filters, router],
      route_config: { name, virtual_hosts: hosts },
    },
  };
}

const listener = (name: string, host: string, port: number, chain: EnvoyMessage): EnvoyMessage => ({
  name,
  address: { socket_address: { address: host, port_value: port } },
  per_connection_buffer_limit_bytes: EDGE_LIMITS.bufferPerConnectionBytes,
  filter_chains: [chain],
});

/** What stands between a client and the routes. */
const filters = (https: boolean, proof: string | undefined): EnvoyMessage[] => [
  headerFilter({ https, proof }),
  corsFilter,
  rateLimitFilter,
  bufferFilter,
];

/** Port 80: the shop where there is no certificate, else the way to HTTPS. */
export function httpListener(mesh: Mesh, options: EnvoyOptions): EnvoyMessage {
  const { https, host, httpPort, proof } = options;
  const name = "http";
  const manager =
    https === undefined
      ? managerOf(name, filters(false, proof), [virtualHost(mesh, options)])
      : managerOf(name, [headerFilter({ https: false })], [redirectHost(https.port)]);
  return listener(name, host, httpPort, { filters: [manager] });
}

/** Port 443. */
export function httpsListener(
  mesh: Mesh,
  options: EnvoyOptions,
  https: NonNullable<EnvoyOptions["https"]>,
): EnvoyMessage {
  const name = "https";
  const tls = {
    "@type": `${TYPES}.transport_sockets.tls.v3.DownstreamTlsContext`,
    common_tls_context: {
      alpn_protocols: ["h2", "http/1.1"],
      tls_params: { tls_minimum_protocol_version: "TLSv1_2" },
      tls_certificates: [{ certificate_chain: { filename: https.certificate }, private_key: { filename: https.key } }],
    },
  };
  return listener(name, options.host, https.port, {
    transport_socket: { name: "envoy.transport_sockets.tls", typed_config: tls },
    filters: [managerOf(name, filters(true, options.proof), [virtualHost(mesh, options)])],
  });
}
