import type { Mesh } from "../../model.ts";
import { corsConfig, type EnvoyMessage, filterConfigOf } from "../edge/filters.ts";
import { seconds } from "../edge/limits.ts";
import { envoyRetryOn } from "../edge/retries.ts";
import { type EdgeRoute, edgeRoutes, unknownRpcs } from "../edge/routes.ts";
import { RETRY } from "../traffic/treatment.ts";
import type { EnvoyOptions } from "./options.ts";

const HTTPS_PORT = 443;

function retryPolicy(retries: number): EnvoyMessage {
  const { conditions, statusCodes } = envoyRetryOn;
  return {
    retry_on: conditions.join(","),
    retriable_status_codes: statusCodes,
    num_retries: retries,
    retry_back_off: { base_interval: seconds(RETRY.backoffMs), max_interval: seconds(RETRY.backoffMs * 10) },
    retry_host_predicate: [
      {
        name: "envoy.retry_host_predicates.previous_hosts",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        },
      },
    ],
    host_selection_retry_max_attempts: 3,
  };
}

function actionOf({ workload, treatment }: EdgeRoute): EnvoyMessage {
  const { timeoutMs, retries } = treatment;
  return {
    cluster: workload,
    timeout: seconds(timeoutMs ?? 0),
    // A stream lives as long as both sides want it to, however little it says.
    ...(timeoutMs === undefined && { idle_timeout: "0s" }),
    ...(retries > 0 && { retry_policy: retryPolicy(retries) }),
  };
}

function routeOf(route: EdgeRoute): EnvoyMessage {
  const perFilter = filterConfigOf(route);
  return {
    name: route.name,
    match: route.match === "exact" ? { path: route.path } : { prefix: route.path },
    route: actionOf(route),
    ...(Object.keys(perFilter).length > 0 && { typed_per_filter_config: perFilter }),
  };
}

/** The shop, under whatever name it is asked for. */
export function virtualHost(mesh: Mesh, { origins }: EnvoyOptions): EnvoyMessage {
  const routes = edgeRoutes(mesh);
  const rest = routes.slice(-1);
  return {
    name: "shop",
    domains: ["*"],
    typed_per_filter_config: corsConfig(origins),
    routes: [...routes.slice(0, -1).map(routeOf), ...unknownRpcs, ...rest.map(routeOf)],
  };
}

/** Sends everybody to the same address by HTTPS. */
export function redirectHost(httpsPort: number): EnvoyMessage {
  return {
    name: "redirect",
    domains: ["*"],
    routes: [
      {
        match: { prefix: "/" },
        redirect: {
          https_redirect: true,
          response_code: "PERMANENT_REDIRECT",
          ...(httpsPort !== HTTPS_PORT && { port_redirect: httpsPort }),
        },
      },
    ],
  };
}
