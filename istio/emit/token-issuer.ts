import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { TOKEN_ISSUER } from "#kit/identity/access-token.ts";
import { type Mesh, MeshError, type MeshWorkload } from "../model.ts";

/** Who issues the shop's access tokens, and where it publishes the keys to check them with. */
export interface TokenIssuer extends MeshWorkload {
  readonly keys: NonNullable<MeshWorkload["deployment"]["publishesKeys"]>;
}

/** What a token says of its issuer and whom it is for. */
export const ISSUER_CLAIMS = { issuer: TOKEN_ISSUER, audiences: [TOKEN_ISSUER] };

/**
 * Where a token stands. Named, since Istio would take one from the query too, where logs and histories keep it. The scheme as
 * clients write it: proxies mind the case, which RFC 9110 says does not matter.
 */
export const TOKEN_HEADERS = ["Bearer ", "bearer "].map((prefix) => ({ name: "authorization", prefix }));

/**
 * The service that issues access tokens, if the mesh has one.
 * @throws MeshError when calls ask for a user, but no keys to check tokens with are published, or by more than one
 */
export function tokenIssuerOf({ workloads }: Mesh): TokenIssuer | undefined {
  const issuers = workloads.flatMap((it): TokenIssuer[] => {
    const { publishesKeys } = it.deployment;
    return publishesKeys === undefined ? [] : [{ ...it, keys: publishesKeys }];
  });
  if (issuers.length > 1)
    throw new MeshError(
      issuers.map((it) => `${it.name} publishes keys of tokens, and so does another: one service may`),
    );
  const forUsers = workloads.flatMap((it) => it.methods).filter((it) => it.user !== User.ANY);
  if (issuers.length === 0 && forUsers.length > 0)
    throw new MeshError(forUsers.map((it) => `${it.path} asks for a user, but no deployment.ts has "publishesKeys"`));
  return issuers[0];
}
