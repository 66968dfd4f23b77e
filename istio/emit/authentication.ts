import { PeerAuthentication, RequestAuthentication } from "@kubernetes-models/istio/security.istio.io/v1";
import { type GeneratedFile, MESH_FOLDER, yamlFile } from "../files.ts";
import type { Mesh } from "../model.ts";
import { NAMESPACE, podLabels } from "../names.ts";
import { ISSUER_CLAIMS, TOKEN_HEADERS, type TokenIssuer, tokenIssuerOf } from "./token-issuer.ts";

/** Mutual TLS alone, for every port of every workload. */
function strict(): PeerAuthentication {
  return new PeerAuthentication({
    metadata: { name: "default", namespace: NAMESPACE },
    spec: { mtls: { mode: "STRICT" } },
  });
}

/** The one exception: the control plane fetches the keys itself, and is no workload of the mesh. */
function exceptKeys({ name, keys }: TokenIssuer): PeerAuthentication {
  return new PeerAuthentication({
    metadata: { name, namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: podLabels(name) },
      mtls: { mode: "STRICT" },
      portLevelMtls: { [`${keys.port}`]: { mode: "DISABLE" } },
    },
  });
}

/**
 * A token is checked by every workload and by the ingress; one that is not valid ends the request, whatever it asks for.
 * The name of the keys' host is short on purpose: the control plane resolves it in a cluster of any domain, and does not
 * take it for a service that sidecars could ask at this port, which no policy would let them.
 */
function accessTokens({ name, keys }: TokenIssuer): RequestAuthentication {
  const jwksUri = `http://${name}.${NAMESPACE}.svc:${keys.port}${keys.path}`;
  return new RequestAuthentication({
    metadata: { name: "access-tokens", namespace: NAMESPACE },
    spec: { jwtRules: [{ ...ISSUER_CLAIMS, jwksUri, fromHeaders: TOKEN_HEADERS, forwardOriginalToken: true }] },
  });
}

/** Who is who: workloads by mutual TLS, users by their tokens. */
export function emitAuthentication(mesh: Mesh): GeneratedFile[] {
  const issuer = tokenIssuerOf(mesh);
  const forTokens = issuer === undefined ? [] : [exceptKeys(issuer), accessTokens(issuer)];
  return [yamlFile(`${MESH_FOLDER}/authentication.yaml`, [strict(), ...forTokens])];
}
