import { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import { type GeneratedFile, MESH_FOLDER, yamlFile } from "../files.ts";
import { calleesOf, EDGE, EVERYBODY, type Mesh } from "../model.ts";
import { hostOf, NAMESPACE, podLabels } from "../names.ts";
import { ISSUER_CLAIMS, TOKEN_HEADERS, type TokenIssuer, tokenIssuerOf } from "./token-issuer.ts";

const JWT_FILTER = "envoy.filters.http.jwt_authn";
const JWT_FILTER_TYPE = "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
/** What Istio calls the one rule of a RequestAuthentication, and the place where its policies look for claims. */
const PROVIDER = "origins-0";
const CLAIMS_PLACE = "payload";
/** How old keys may be: a new one is published far longer before it signs, but a database that is made anew has others at once. */
const KEYS_FRESH = "60s";
const FETCH_TIMEOUT = "2s";
const FETCH_RETRIES = { num_retries: 3, retry_back_off: { base_interval: "0.1s", max_interval: "1s" } };

/** Envoy's own words for the rule of the RequestAuthentication, with the keys from the issuer. */
function provider({ keys, name, port }: TokenIssuer, cluster: string) {
  return {
    ...ISSUER_CLAIMS,
    forward: true,
    from_headers: TOKEN_HEADERS.map(({ name, prefix }) => ({ name, value_prefix: prefix })),
    payload_in_metadata: CLAIMS_PLACE,
    remote_jwks: {
      http_uri: { uri: `http://${hostOf(name)}:${port}${keys.path}`, cluster, timeout: FETCH_TIMEOUT },
      cache_duration: KEYS_FRESH,
      // In advance and again and again, but a proxy that starts does not wait for it.
      async_fetch: { fast_listener: true },
      retry_policy: FETCH_RETRIES,
    },
  };
}

function keysOf(issuer: TokenIssuer, workload: string): EnvoyFilter {
  const atIssuer = workload === issuer.name;
  const cluster = atIssuer ? `inbound|${issuer.port}||` : `outbound|${issuer.port}||${hostOf(issuer.name)}`;
  const filter = { name: "envoy.filters.network.http_connection_manager", subFilter: { name: JWT_FILTER } };
  const value = {
    name: JWT_FILTER,
    typed_config: { "@type": JWT_FILTER_TYPE, providers: { [PROVIDER]: provider(issuer, cluster) } },
  };
  return new EnvoyFilter({
    metadata: {
      name: `token-keys-${workload}`,
      namespace: NAMESPACE,
      // That Istio advises against patches is known, and why this one is taken nevertheless is said below.
      annotations: { "galley.istio.io/analyze-suppress": "IST0133" },
    },
    spec: {
      workloadSelector: { labels: podLabels(workload) },
      configPatches: [
        {
          applyTo: "HTTP_FILTER",
          match: {
            context: workload === EDGE ? "GATEWAY" : "SIDECAR_INBOUND",
            listener: { filterChain: { filter } },
          },
          patch: { operation: "MERGE", value },
        },
      ],
    },
  });
}

/** Who can ask the issuer for its keys as a workload of the mesh, the issuer itself included. */
function readersOf(mesh: Mesh, { name, deployment, keys }: TokenIssuer): string[] {
  const callers = (deployment.http ?? []).filter((it) => it.path === keys.path).flatMap((it) => it.callers);
  return [EDGE, ...mesh.workloads.map((it) => it.name)].filter(
    (it) =>
      (callers.includes(EVERYBODY) || callers.includes(it)) && (it === name || calleesOf(mesh, it).includes(name)),
  );
}

/**
 * Lets proxies fetch the keys of tokens themselves, over mutual TLS. The control plane, which does it else, asks when it
 * happens to write a proxy's configuration: where the issuer was not ready then, tokens are refused until the next time, and a
 * key it has read it keeps for 20 minutes. Without these patches (a mesh that allows none) all else holds.
 */
export function emitTokenKeys(mesh: Mesh): GeneratedFile[] {
  const issuer = tokenIssuerOf(mesh);
  const filters = issuer === undefined ? [] : readersOf(mesh, issuer).map((it) => keysOf(issuer, it));
  return filters.length === 0 ? [] : [yamlFile(`${MESH_FOLDER}/token-keys.yaml`, filters)];
}
