import { PeerAuthentication, RequestAuthentication } from "@kubernetes-models/istio/security.istio.io/v1";
import { type GeneratedFile, MESH_FOLDER, yamlFile } from "../files.ts";
import { EDGE, type Mesh } from "../model.ts";
import { EDGE_REF, NAMESPACE, podLabels } from "../names.ts";
import { KEYLESS } from "./keyless.ts";
import { ISSUER_CLAIMS, TOKEN_HEADERS, tokenIssuerOf, tokenReadersOf } from "./token-issuer.ts";

/** By which no token is valid. A proxy gets the real keys by a patch (token-keys.ts), and refuses every token without it. */
const NO_KEYS = JSON.stringify({ keys: [KEYLESS] });

/** Mutual TLS alone, for every port of every workload. */
function strict(): PeerAuthentication {
  return new PeerAuthentication({
    metadata: { name: "default", namespace: NAMESPACE },
    spec: { mtls: { mode: "STRICT" } },
  });
}

/** A token that is not valid ends a request, whatever it asks for; so it does in the process. */
function accessTokens(workload: string): RequestAuthentication {
  const where = workload === EDGE ? { targetRefs: [EDGE_REF] } : { selector: { matchLabels: podLabels(workload) } };
  const rule = { ...ISSUER_CLAIMS, jwks: NO_KEYS, fromHeaders: TOKEN_HEADERS, forwardOriginalToken: true };
  return new RequestAuthentication({
    metadata: { name: workload, namespace: NAMESPACE },
    spec: { ...where, jwtRules: [rule] },
  });
}

/** Who is who: workloads by mutual TLS, users by their tokens. */
export function emitAuthentication(mesh: Mesh): GeneratedFile[] {
  const issuer = tokenIssuerOf(mesh);
  const readers = issuer === undefined ? [] : tokenReadersOf(mesh, issuer);
  return [yamlFile(`${MESH_FOLDER}/authentication.yaml`, [strict(), ...readers.map(accessTokens)])];
}
