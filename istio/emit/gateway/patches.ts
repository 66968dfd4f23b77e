import { EnvoyFilter, type IEnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import type { Mesh } from "../../model.ts";
import { EDGE_GATEWAY, NAMESPACE, podLabels, WEB } from "../../names.ts";
import { connectionManager } from "../edge/connection-manager.ts";
import {
  bufferFilter,
  corsConfig,
  type EnvoyMessage,
  filterConfigOf,
  headerFilter,
  rateLimitFilter,
} from "../edge/filters.ts";
import { EDGE_LIMITS } from "../edge/limits.ts";
import { type EdgeRoute, edgeRoutes, unknownRpcs } from "../edge/routes.ts";

type Patch = NonNullable<NonNullable<IEnvoyFilter["spec"]>["configPatches"]>[number];
type ListenerMatch = NonNullable<NonNullable<Patch["match"]>["listener"]>;

const MANAGER = "envoy.filters.network.http_connection_manager";
const ROUTER = "envoy.filters.http.router";
const context = "GATEWAY";
/** Patches that name their place by another filter come after those that hold for a whole mesh (0). */
const AFTER_OTHERS = 10;

function envoyFilter(name: string, configPatches: readonly Patch[]): EnvoyFilter {
  return new EnvoyFilter({
    metadata: { name, namespace: NAMESPACE },
    spec: {
      workloadSelector: { labels: podLabels(EDGE_GATEWAY.gateway) },
      priority: AFTER_OTHERS,
      configPatches: [...configPatches],
    },
  });
}

const listener = (port?: number, subFilter?: string): ListenerMatch => ({
  ...(port !== undefined && { portNumber: port }),
  filterChain: { filter: { name: MANAGER, ...(subFilter !== undefined && { subFilter: { name: subFilter } }) } },
});

function httpFilter(operation: "INSERT_FIRST" | "INSERT_BEFORE", match: ListenerMatch, value: EnvoyMessage): Patch {
  return { applyTo: "HTTP_FILTER", match: { context, listener: match }, patch: { operation, value } };
}

const manager: Patch = {
  applyTo: "NETWORK_FILTER",
  match: { context, listener: listener() },
  patch: {
    operation: "MERGE",
    value: {
      name: MANAGER,
      typed_config: {
        "@type":
          "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        ...connectionManager,
      },
    },
  },
};

const buffers: Patch = {
  applyTo: "LISTENER",
  match: { context },
  patch: {
    operation: "MERGE",
    value: { per_connection_buffer_limit_bytes: EDGE_LIMITS.bufferPerConnectionBytes },
  },
};

/** Who comes beyond that many is turned away at once. */
const connections: Patch = {
  applyTo: "NETWORK_FILTER",
  match: { context, listener: { filterChain: { filter: { name: MANAGER } } } },
  patch: {
    operation: "INSERT_BEFORE",
    value: {
      name: "envoy.filters.network.connection_limit",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit",
        stat_prefix: "edge",
        max_connections: EDGE_LIMITS.connectionsMax,
      },
    },
  },
};

/** What holds for whatever comes: how requests are read, what they may not bring, what every answer says. */
export function edgePatches(): EnvoyFilter {
  const { httpPort, httpsPort } = EDGE_GATEWAY;
  return envoyFilter("edge", [
    buffers,
    connections,
    manager,
    httpFilter("INSERT_FIRST", listener(httpPort), headerFilter({ https: false })),
    httpFilter("INSERT_FIRST", listener(httpsPort), headerFilter({ https: true })),
    httpFilter("INSERT_BEFORE", listener(httpsPort, ROUTER), rateLimitFilter),
    httpFilter("INSERT_BEFORE", listener(httpsPort, ROUTER), bufferFilter),
  ]);
}

/** The pages of other origins that may call. By itself none; an overlay names them. */
export function corsPatch(): EnvoyFilter {
  const value = { typed_per_filter_config: corsConfig([]) };
  return envoyFilter("edge-cors", [
    { applyTo: "VIRTUAL_HOST", match: { context }, patch: { operation: "MERGE", value } },
  ]);
}

const onRoute = (name: string, operation: "MERGE" | "INSERT_BEFORE", value: EnvoyMessage): Patch => ({
  applyTo: "HTTP_ROUTE",
  match: { context, routeConfiguration: { vhost: { route: { name } } } },
  patch: { operation, value },
});

function patchOf(route: EdgeRoute): Patch[] {
  const perFilter = filterConfigOf(route);
  const value = {
    // A stream lives as long as both sides want it to, however little it says.
    ...(route.treatment.timeoutMs === undefined && { route: { idle_timeout: "0s" } }),
    ...(Object.keys(perFilter).length > 0 && { typed_per_filter_config: perFilter }),
  };
  return Object.keys(value).length === 0 ? [] : [onRoute(route.name, "MERGE", value)];
}

/** What holds for single calls: how often, how large, how long in silence; and that RPCs for nobody outside are not there. */
export function routePatches(mesh: Mesh): EnvoyFilter {
  const unknown = unknownRpcs.map((it) => onRoute(WEB.name, "INSERT_BEFORE", it));
  return envoyFilter("edge-routes", [...unknown, ...edgeRoutes(mesh).flatMap(patchOf)]);
}
