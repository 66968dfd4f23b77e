import type { EnvoyMessage } from "./filters.ts";
import { EDGE_LIMITS, seconds } from "./limits.ts";
import { localReplies } from "./replies.ts";

/** How the edge talks with clients: what it reads of them, how long it waits, and how it says no. */
export const connectionManager: EnvoyMessage = {
  use_remote_address: true,
  // The proxies behind look at the path as well: there must be one way to read it.
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT",
  server_header_transformation: "PASS_THROUGH",
  forward_client_cert_details: "SANITIZE",
  common_http_protocol_options: {
    idle_timeout: seconds(EDGE_LIMITS.idleTimeoutMs),
    max_headers_count: EDGE_LIMITS.headerMaxCount,
    headers_with_underscores_action: "REJECT_REQUEST",
  },
  http2_protocol_options: {
    max_concurrent_streams: EDGE_LIMITS.streamsPerConnectionMax,
    initial_stream_window_size: EDGE_LIMITS.streamWindowBytes,
    initial_connection_window_size: EDGE_LIMITS.connectionWindowBytes,
    connection_keepalive: {
      interval: seconds(EDGE_LIMITS.pingIntervalMs),
      timeout: seconds(EDGE_LIMITS.pingTimeoutMs),
    },
  },
  max_request_headers_kb: EDGE_LIMITS.headerMaxBytes / 1_024,
  request_headers_timeout: seconds(EDGE_LIMITS.headersTimeoutMs),
  request_timeout: seconds(EDGE_LIMITS.requestTimeoutMs),
  stream_idle_timeout: seconds(EDGE_LIMITS.silenceTimeoutMs),
  local_reply_config: localReplies,
};
