import type { Mesh } from "../../model.ts";
import type { EnvoyMessage } from "../edge/filters.ts";
import { EDGE_LIMITS } from "../edge/limits.ts";
import { edgeWorkloads } from "../edge/routes.ts";
import { clusterOf } from "./cluster.ts";
import { httpListener, httpsListener } from "./listener.ts";
import type { EnvoyOptions } from "./options.ts";

const HEAP_MAX_BYTES = 512 * 1_024 * 1_024;
const MONITOR = "envoy.resource_monitors";
const at = (name: string, value: number) => ({ name: `envoy.overload_actions.${name}`, triggers: [threshold(value)] });
const threshold = (value: number) => ({ name: `${MONITOR}.fixed_heap`, threshold: { value } });

/** Before its memory is gone Envoy lets go of what idles, and then takes nothing new. */
const overloadManager: EnvoyMessage = {
  refresh_interval: "0.25s",
  resource_monitors: [
    {
      name: `${MONITOR}.fixed_heap`,
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
        max_heap_size_bytes: HEAP_MAX_BYTES,
      },
    },
    {
      name: `${MONITOR}.global_downstream_max_connections`,
      typed_config: {
        "@type":
          "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections: EDGE_LIMITS.connectionsMax,
      },
    },
  ],
  actions: [at("shrink_heap", 0.95), at("disable_http_keepalive", 0.95), at("stop_accepting_requests", 0.98)],
};

/** All that an Envoy has to know to be the shop's edge, as `envoy -c` reads it. */
export function envoyConfig(mesh: Mesh, options: EnvoyOptions): EnvoyMessage {
  const { https, adminPort } = options;
  const listeners = [httpListener(mesh, options)];
  if (https !== undefined) listeners.push(httpsListener(mesh, options, https));
  const clusters = edgeWorkloads(mesh).map((it) => clusterOf(it, options.addressesOf(it), options.workloadTls));
  return {
    node: { id: "edge", cluster: "shopmesh" },
    ...(adminPort !== undefined && {
      admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } },
    }),
    overload_manager: overloadManager,
    static_resources: { listeners, clusters },
  };
}
