import { WORKLOAD_HEADER } from "#kit/identity/workload.ts";
import { SECURITY_HEADERS } from "../../../services/edge/security-headers.ts";

const HSTS_SECONDS = 31_536_000;

/** Fields that say who calls and from where: the mesh's to write, never a client's. */
const FORBIDDEN_PREFIXES = ["shop-", "x-envoy-"] as const;
const FORBIDDEN = ["x-forwarded-client-cert", "x-forwarded-host", "x-forwarded-port"] as const;

const set = (key: string, value: string) => ({
  append: { header: { key, value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" },
});

/**
 * What happens to a request's header: what a client says about workloads goes, and where it comes from is the address
 * that the edge sees. (`x-forwarded-proto` and `x-request-id` Envoy writes itself.)
 * @param proof the value that proves to services that the edge calls, where no mesh does; may hold Envoy's operators
 */
export function requestHeaderMutations(proof?: string): object[] {
  return [
    ...FORBIDDEN_PREFIXES.map((prefix) => ({ remove_on_match: { key_matcher: { prefix } } })),
    ...FORBIDDEN.map((remove) => ({ remove })),
    set("x-forwarded-for", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
    ...(proof === undefined ? [] : [set(WORKLOAD_HEADER, proof)]),
  ];
}

/** What every answer carries, the edge's own refusals included; what a service says itself stands. */
export function responseHeaderMutations(https: boolean): object[] {
  const headers = {
    ...SECURITY_HEADERS,
    ...(https && { "strict-transport-security": `max-age=${HSTS_SECONDS}` }),
  };
  const added = Object.entries(headers).map(([key, value]) => ({
    append: { header: { key, value }, append_action: "ADD_IF_ABSENT" },
  }));
  // What stands behind the edge, and how long it took, is nobody's business outside.
  return [{ remove: "server" }, { remove_on_match: { key_matcher: { prefix: "x-envoy-" } } }, ...added];
}
