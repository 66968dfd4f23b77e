import { cors } from "@connectrpc/connect";
import { requestHeaderMutations, responseHeaderMutations } from "./headers.ts";
import { ADDRESSES_MAX, ENVELOPE_BYTES, PEOPLE_PER_ADDRESS, REQUEST_MAX_BYTES, seconds } from "./limits.ts";
import type { EdgeRoute } from "./routes.ts";

/** A message of Envoy's API as its JSON. */
export type EnvoyMessage = Readonly<Record<string, unknown>>;

const HTTP = "type.googleapis.com/envoy.extensions.filters.http";
const CORS = "envoy.filters.http.cors";
const RATE_LIMIT = "envoy.filters.http.local_ratelimit";
const BUFFER = "envoy.filters.http.buffer";
const RATE_LIMIT_TYPE = `${HTTP}.local_ratelimit.v3.LocalRateLimit`;
const ALWAYS = { default_value: { numerator: 100, denominator: "HUNDRED" } };
const HOUR_S = 3_600;

/** An HTTP filter by the name that routes configure it by. */
export interface HttpFilter extends EnvoyMessage {
  readonly name: string;
}

/** Headers that nobody may send through, and those that every answer carries; of a page over HTTPS one more. */
export function headerFilter(options: { https: boolean; proof?: string | undefined }): HttpFilter {
  return {
    name: "envoy.filters.http.header_mutation",
    typed_config: {
      "@type": `${HTTP}.header_mutation.v3.HeaderMutation`,
      mutations: {
        request_mutations: requestHeaderMutations(options.proof),
        response_mutations: responseHeaderMutations(options.https),
      },
    },
  };
}

/** Answers what browsers ask before a page of another origin may call. */
export const corsFilter: HttpFilter = { name: CORS, typed_config: { "@type": `${HTTP}.cors.v3.Cors` } };

/** Counts nothing by itself; routes say how often they may be called. */
export const rateLimitFilter: HttpFilter = {
  name: RATE_LIMIT,
  typed_config: { "@type": RATE_LIMIT_TYPE, stat_prefix: "edge" },
};

/** Takes a request in whole before a service sees any of it; routes say where it may be larger or smaller than most. */
export const bufferFilter: HttpFilter = {
  name: BUFFER,
  typed_config: { "@type": `${HTTP}.buffer.v3.Buffer`, max_request_bytes: REQUEST_MAX_BYTES + ENVELOPE_BYTES },
};

/** The pages of other origins that may call with the person's cookies. None: the shop's own pages alone. */
export function corsConfig(origins: readonly string[]): EnvoyMessage {
  return {
    [CORS]: {
      "@type": `${HTTP}.cors.v3.CorsPolicy`,
      allow_origin_string_match: origins.map((exact) => ({ exact })),
      allow_methods: cors.allowedMethods.join(","),
      allow_headers: [...cors.allowedHeaders, "Authorization"].join(","),
      expose_headers: [...cors.exposedHeaders, "Date", "Retry-After"].join(","),
      max_age: `${2 * HOUR_S}`,
      allow_credentials: true,
    },
  };
}

/** What counts as one address: of IPv6 the network (services/kit/identity/forwarded.ts says why). */
const ONE_MACHINE = { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 };

function rateLimitConfig(limit: { requests: number; periodMs: number }): EnvoyMessage {
  const tokens = limit.requests * PEOPLE_PER_ADDRESS;
  const bucket = { max_tokens: tokens, tokens_per_fill: tokens, fill_interval: seconds(limit.periodMs) };
  return {
    "@type": RATE_LIMIT_TYPE,
    stat_prefix: "edge",
    filter_enabled: ALWAYS,
    filter_enforced: ALWAYS,
    rate_limited_as_resource_exhausted: true,
    // Until what one person may do has come back.
    response_headers_to_add: [
      { header: { key: "retry-after", value: `${Math.ceil(limit.periodMs / PEOPLE_PER_ADDRESS / 1_000)}` } },
    ],
    rate_limits: [{ actions: [{ masked_remote_address: ONE_MACHINE }] }],
    // Without a value the descriptor stands for each address on its own.
    descriptors: [{ entries: [{ key: "masked_remote_address" }], token_bucket: bucket }],
    max_dynamic_descriptors: ADDRESSES_MAX,
    // Envoy asks for a bucket of the route as well, for what no descriptor names; nothing is left to it.
    token_bucket: { ...bucket, max_tokens: 4_294_967_295, tokens_per_fill: 4_294_967_295 },
    always_consume_default_token_bucket: false,
  };
}

/** The size of a route's requests, where it is not that of most. */
function sizeConfig({ method }: EdgeRoute): EnvoyMessage | undefined {
  const type = `${HTTP}.buffer.v3.BufferPerRoute`;
  if (method === undefined) return undefined;
  // A client that streams is answered before it has said all: nothing may wait for its end.
  if (method.kind === "client_streaming" || method.kind === "bidi_streaming") return { "@type": type, disabled: true };
  const bytes = method.requestMaxBytes;
  if (bytes === REQUEST_MAX_BYTES) return undefined;
  return { "@type": type, buffer: { max_request_bytes: bytes + ENVELOPE_BYTES } };
}

/** What the filters do for one route, by the filter's name. */
export function filterConfigOf(route: EdgeRoute): Readonly<Record<string, EnvoyMessage>> {
  const size = sizeConfig(route);
  const limit = route.method?.rateLimit;
  return { ...(size && { [BUFFER]: size }), ...(limit && { [RATE_LIMIT]: rateLimitConfig(limit) }) };
}
