import {
  HTTPRoute,
  type IHTTPRouteFilter,
  type IHTTPRouteRule,
} from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import type { Mesh } from "../../model.ts";
import { NAMESPACE, WEB } from "../../names.ts";
import { envoyRetryOn } from "../edge/retries.ts";
import { type EdgeRoute, edgeRoutes } from "../edge/routes.ts";
import { duration, type Treatment } from "../traffic/treatment.ts";
import { HTTPS_LISTENER } from "./gateway.ts";

/** As many rules as Gateway API takes in one route. */
const RULES_MAX = 16;

/**
 * How often a call is sent again. Gateway API's own field is not in its standard channel, and where nothing is said
 * Istio repeats everything twice; but Envoy takes these fields of a request over its route's policy, and keeps them.
 */
function retries({ retries: again }: Treatment): IHTTPRouteFilter {
  const { conditions, statusCodes } = envoyRetryOn;
  const set = [{ name: "x-envoy-max-retries", value: `${again}` }];
  if (again > 0) {
    set.push({ name: "x-envoy-retry-on", value: conditions.filter((it) => !GRPC.has(it)).join(",") });
    set.push({ name: "x-envoy-retry-grpc-on", value: conditions.filter((it) => GRPC.has(it)).join(",") });
    set.push({ name: "x-envoy-retriable-status-codes", value: statusCodes.join(",") });
  }
  return { type: "RequestHeaderModifier", requestHeaderModifier: { set } };
}

const GRPC: ReadonlySet<string> = new Set([
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
]);

function ruleOf(route: EdgeRoute, ports: ReadonlyMap<string, number>): IHTTPRouteRule {
  const { name, match, path, workload, treatment } = route;
  return {
    name,
    matches: [{ path: { type: match === "exact" ? "Exact" : "PathPrefix", value: path } }],
    filters: [retries(treatment)],
    backendRefs: [{ name: workload, port: ports.get(workload) ?? WEB.port }],
    // Of streams nothing is said: they end when they are done.
    ...(treatment.timeoutMs !== undefined && { timeouts: { request: duration(treatment.timeoutMs) } }),
  };
}

/** "edge-auth", and "edge-auth-2" where one route would be too long. */
function routesFor(workload: string, rules: readonly IHTTPRouteRule[]): HTTPRoute[] {
  const parts = Array.from({ length: Math.ceil(rules.length / RULES_MAX) }, (_, index) =>
    rules.slice(index * RULES_MAX, (index + 1) * RULES_MAX),
  );
  return parts.map((part, index) => {
    const name = index === 0 ? `edge-${workload}` : `edge-${workload}-${index + 1}`;
    return new HTTPRoute({
      metadata: { name, namespace: NAMESPACE },
      spec: { parentRefs: [HTTPS_LISTENER], rules: part },
    });
  });
}

/** What the edge lets through, by workload: a rule for each path. */
export function httpRoutesOf(mesh: Mesh): HTTPRoute[] {
  const ports = new Map(mesh.workloads.map((it) => [it.name, it.port]));
  const groups = Map.groupBy(edgeRoutes(mesh), (it) => it.workload);
  return [...groups].flatMap(([workload, routes]) =>
    routesFor(
      workload,
      routes.map((it) => ruleOf(it, ports)),
    ),
  );
}
