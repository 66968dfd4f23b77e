import { EnvoyFilter, type IEnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import { type GeneratedFile, MESH_FOLDER, yamlFile } from "../files.ts";
import { EDGE, type Mesh } from "../model.ts";
import { hostOf, NAMESPACE, podLabels } from "../names.ts";
import { ISSUER_CLAIMS, TOKEN_HEADERS, type TokenIssuer, tokenIssuerOf, tokenReadersOf } from "./token-issuer.ts";

type Patch = NonNullable<NonNullable<IEnvoyFilter["spec"]>["configPatches"]>[number];

const JWT_FILTER = "envoy.filters.http.jwt_authn";
const JWT_FILTER_TYPE = "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
/** Where Istio's policies look for a token's claims. */
const CLAIMS_PLACE = "payload";
const PROVIDER = "access-tokens";
/** How old keys may be: a new one is published far longer before it signs, but a database that is made anew has others at once. */
const KEYS_FRESH = "60s";
/** The least that Envoy takes: a process does not honour a token that is over either. Left out, it is a minute. */
const CLOCK_SKEW_SECONDS = 1;
/** A signature is checked once, and not with every call; by each of a proxy's threads. */
const VERIFIED_TOKENS_MAX = 1000;
const FETCH_TIMEOUT = "2s";
const FETCH_RETRIES = { num_retries: 3, retry_back_off: { base_interval: "0.1s", max_interval: "1s" } };
/** Among patches of the same filter, of which there are none; said, since Istio's analysis wants one said. */
const PRIORITY = 10;
/** How the issuer's proxy reaches the process behind it. */
const OWN_CLUSTER = "token-keys";

/** Envoy's own words for the rule of the RequestAuthentication, with the keys from the issuer. A request may have no token. */
function fetching({ name, port, path }: TokenIssuer, workload: string): Patch {
  const cluster = workload === name ? OWN_CLUSTER : `outbound|${port}||${hostOf(name)}`;
  const provider = {
    ...ISSUER_CLAIMS,
    forward: true,
    from_headers: TOKEN_HEADERS.map((it) => ({ name: it.name, value_prefix: it.prefix })),
    payload_in_metadata: CLAIMS_PLACE,
    clock_skew_seconds: CLOCK_SKEW_SECONDS,
    jwt_cache_config: { jwt_cache_size: VERIFIED_TOKENS_MAX },
    remote_jwks: {
      http_uri: { uri: `http://${hostOf(name)}:${port}${path}`, cluster, timeout: FETCH_TIMEOUT },
      cache_duration: KEYS_FRESH,
      // In advance and again and again, but a proxy that starts does not wait for it.
      async_fetch: { fast_listener: true },
      retry_policy: FETCH_RETRIES,
    },
  };
  const filter = { name: "envoy.filters.network.http_connection_manager", subFilter: { name: JWT_FILTER } };
  const requires = { requires_any: { requirements: [{ provider_name: PROVIDER }, { allow_missing: {} }] } };
  const typed_config = {
    "@type": JWT_FILTER_TYPE,
    providers: { [PROVIDER]: provider },
    rules: [{ match: { prefix: "/" }, requires }],
    bypass_cors_preflight: true,
  };
  return {
    applyTo: "HTTP_FILTER",
    match: { context: workload === EDGE ? "GATEWAY" : "SIDECAR_INBOUND", listener: { filterChain: { filter } } },
    patch: { operation: "REPLACE", value: { name: JWT_FILTER, typed_config } },
  };
}

/** Istio's own cluster for the process goes where a request was meant to go, and this one comes from nobody. */
function ownCluster({ port }: TokenIssuer): Patch {
  const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
  const value = {
    name: OWN_CLUSTER,
    type: "STATIC",
    connect_timeout: FETCH_TIMEOUT,
    load_assignment: { cluster_name: OWN_CLUSTER, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
  return { applyTo: "CLUSTER", match: { context: "SIDECAR_INBOUND" }, patch: { operation: "ADD", value } };
}

function keysFor(workload: string, issuer: TokenIssuer): EnvoyFilter {
  const fetch = fetching(issuer, workload);
  return new EnvoyFilter({
    metadata: {
      name: `token-keys-${workload}`,
      namespace: NAMESPACE,
      // That Istio advises against patches is known, and why this one is taken nevertheless is said below.
      annotations: { "galley.istio.io/analyze-suppress": "IST0133" },
    },
    spec: {
      priority: PRIORITY,
      workloadSelector: { labels: podLabels(workload) },
      configPatches: workload === issuer.name ? [ownCluster(issuer), fetch] : [fetch],
    },
  });
}

/**
 * Proxies fetch the keys of tokens themselves, over mutual TLS, each minute. Istio's own way is that its control plane does, by
 * a port without mutual TLS, and when it happens to write a proxy's configuration: where the issuer is not ready then, as in a
 * first deployment, tokens may be refused for ever, and keys that it has it keeps for 20 minutes.
 */
export function emitTokenKeys(mesh: Mesh): GeneratedFile[] {
  const issuer = tokenIssuerOf(mesh);
  if (issuer === undefined) return [];
  const filters = tokenReadersOf(mesh, issuer).map((it) => keysFor(it, issuer));
  return [yamlFile(`${MESH_FOLDER}/token-keys.yaml`, filters)];
}
