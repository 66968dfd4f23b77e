import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { TOKEN_ISSUER } from "#kit/identity/access-token.ts";
import { MeshError } from "../faults.ts";
import { calleesOf, EDGE, EVERYBODY, type Mesh, type MeshWorkload } from "../model.ts";

/** The workload that issues the shop's access tokens, and where it publishes the keys to check them with. */
export interface TokenIssuer {
  readonly name: string;
  readonly port: number;
  readonly path: string;
}

/** What a token says of its issuer and whom it is for. */
export const ISSUER_CLAIMS = { issuer: TOKEN_ISSUER, audiences: [TOKEN_ISSUER] };

/**
 * Where a token stands. Named, since Istio would take one from the query too, where logs and histories keep it. The scheme as
 * clients write it: proxies mind the case, which RFC 9110 says does not matter.
 */
export const TOKEN_HEADERS = ["Bearer ", "bearer "].map((prefix) => ({ name: "authorization", prefix }));

function faultsOf({ workloads }: Mesh, issuers: readonly MeshWorkload[]): string[] {
  const faults =
    issuers.length > 1 ? issuers.map((it) => `${it.name} issues tokens, and so does another: one may`) : [];
  for (const { name, deployment } of issuers)
    if (!deployment.http?.some((it) => it.path === deployment.publishesKeys && it.callers.includes(EVERYBODY)))
      faults.push(
        `${name} publishes keys at ${deployment.publishesKeys}, but its http opens that not to "${EVERYBODY}"`,
      );
  if (issuers.length > 0) return faults;
  const forUsers = workloads.flatMap((it) => it.methods).filter((it) => it.user !== User.ANY);
  return forUsers.map((it) => `${it.path} asks for a user, but no deployment.ts has "publishesKeys"`);
}

/**
 * The issuer of access tokens, if the mesh has one.
 * @throws MeshError when calls ask for a user whose token nobody could check
 */
export function tokenIssuerOf(mesh: Mesh): TokenIssuer | undefined {
  const issuers = mesh.workloads.filter((it) => it.deployment.publishesKeys !== undefined);
  const faults = faultsOf(mesh, issuers);
  if (faults.length > 0) throw new MeshError(faults);
  return issuers.map(({ name, port, deployment }) => ({ name, port, path: deployment.publishesKeys ?? "" }))[0];
}

/** Who looks at tokens: every service, and the ingress if it can ask for the keys. */
export function tokenReadersOf(mesh: Mesh, issuer: TokenIssuer): string[] {
  const atEdge = calleesOf(mesh, EDGE).includes(issuer.name) ? [EDGE] : [];
  return [...atEdge, ...mesh.workloads.map((it) => it.name)];
}
