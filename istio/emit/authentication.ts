import { PeerAuthentication, RequestAuthentication } from "@kubernetes-models/istio/security.istio.io/v1";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { TOKEN_ISSUER } from "#kit/identity/access-token.ts";
import { type GeneratedFile, MESH_FOLDER, yamlFile } from "../files.ts";
import { type Mesh, MeshError, type MeshWorkload } from "../model.ts";
import { NAMESPACE, podLabels } from "../names.ts";

/** A workload that publishes the keys of tokens, and where. */
type Issuer = Required<Pick<MeshWorkload["deployment"], "publishesKeys">> & Pick<MeshWorkload, "name">;

function issuersOf(mesh: Mesh): Issuer[] {
  return mesh.workloads.flatMap(({ name, deployment: { publishesKeys } }) =>
    publishesKeys === undefined ? [] : [{ name, publishesKeys }],
  );
}

/** Mutual TLS alone, for every port of every workload. */
function strict(): PeerAuthentication {
  return new PeerAuthentication({
    metadata: { name: "default", namespace: NAMESPACE },
    spec: { mtls: { mode: "STRICT" } },
  });
}

/** The one exception: the control plane fetches the keys itself, and is no workload of the mesh. */
function exceptKeys({ name, publishesKeys }: Issuer): PeerAuthentication {
  return new PeerAuthentication({
    metadata: { name, namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: podLabels(name) },
      mtls: { mode: "STRICT" },
      portLevelMtls: { [`${publishesKeys.port}`]: { mode: "DISABLE" } },
    },
  });
}

/**
 * A token is checked by every workload and by the ingress; one that is not valid ends the request, whatever it asks for.
 * The name of the keys' host is short on purpose: the control plane resolves it in a cluster of any domain, and does not
 * take it for a service that sidecars could ask, which no policy would let them.
 */
function accessTokens({ name, publishesKeys }: Issuer): RequestAuthentication {
  return new RequestAuthentication({
    metadata: { name: "access-tokens", namespace: NAMESPACE },
    spec: {
      jwtRules: [
        {
          issuer: TOKEN_ISSUER,
          audiences: [TOKEN_ISSUER],
          jwksUri: `http://${name}.${NAMESPACE}.svc:${publishesKeys.port}${publishesKeys.path}`,
          // Named, since Istio would take a token from the query too, where logs and histories keep it.
          fromHeaders: [{ name: "authorization", prefix: "Bearer " }],
          forwardOriginalToken: true,
        },
      ],
    },
  });
}

/**
 * Who is who: workloads by mutual TLS, users by their tokens.
 * @throws MeshError when calls ask for a user, but no keys to check tokens with are published, or by more than one
 */
export function emitAuthentication(mesh: Mesh): GeneratedFile[] {
  const [issuer, ...others] = issuersOf(mesh);
  const forUsers = mesh.workloads.flatMap((it) => it.methods).filter((it) => it.user !== User.ANY);
  if (issuer === undefined && forUsers.length > 0)
    throw new MeshError(forUsers.map((it) => `${it.path} asks for a user, but no deployment.ts has "publishesKeys"`));
  if (others.length > 0)
    throw new MeshError([issuer, ...others].map((it) => `${it?.name} publishes keys of tokens: one service may`));
  const forKeys = issuer === undefined ? [] : [exceptKeys(issuer), accessTokens(issuer)];
  return [yamlFile(`${MESH_FOLDER}/authentication.yaml`, [strict(), ...forKeys])];
}
