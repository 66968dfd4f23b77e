import { AuthorizationPolicy, type IAuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { ROLE_LEVEL, TOKEN_ISSUER } from "#kit/identity/access-token.ts";
import { type GeneratedFile, kustomization, MESH_FOLDER, yamlFile } from "../files.ts";
import { EDGE, EVERYBODY, type Mesh, type MeshMethod, type MeshWorkload } from "../model.ts";
import { EDGE_REF, NAMESPACE, POSTGRES, podLabels, principalOf, WEB } from "../names.ts";

type Rule = NonNullable<NonNullable<IAuthorizationPolicy["spec"]>["rules"]>[number];

/** A path that is opened, and to whom. */
interface Opening {
  readonly path: string;
  readonly callers: readonly string[];
  readonly user: User;
}

/**
 * Whoever has an identity in the shop's namespace, for "*". Not whoever is in the mesh: it may be a cluster's, with
 * workloads of other owners.
 */
const ANY_PRINCIPAL = principalOf("*");

/** Values of the claim `role` that reach so far up the scale of users. */
function rolesFrom(user: User): string[] {
  return Object.entries(ROLE_LEVEL).flatMap(([role, level]) => (level >= user ? [role] : []));
}

function ruleFor({ callers, user }: Omit<Opening, "path">, port: number, paths: readonly string[]): Rule {
  const principals = callers.map((it) => (it === EVERYBODY ? ANY_PRINCIPAL : principalOf(it)));
  const to = [{ operation: { ports: [`${port}`], paths: [...paths] } }];
  if (user === User.ANY) return { from: [{ source: { principals } }], to };
  return {
    // The issuer is said once more, for the day when somebody trusts a second one for something else.
    from: [{ source: { principals, requestPrincipals: [`${TOKEN_ISSUER}/*`] } }],
    to,
    when: [{ key: "request.auth.claims[role]", values: rolesFrom(user) }],
  };
}

/** One rule for all paths that are open to the same callers and users. Without callers none: Istio would take it for everybody. */
function rulesFor(openings: readonly Opening[], port: number): Rule[] {
  const called = openings.filter((it) => it.callers.length > 0);
  const groups = Map.groupBy(called, ({ callers, user }) => `${callers.join(" ")}, ${user}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [ruleFor(first, port, [...new Set(group.map((it) => it.path))])];
  });
}

function allow(workload: string, rules: Rule[], name = workload): AuthorizationPolicy {
  return new AuthorizationPolicy({
    metadata: { name, namespace: NAMESPACE },
    spec: { selector: { matchLabels: podLabels(workload) }, action: "ALLOW", rules },
  });
}

/** Plain HTTP: one path, or everything below it. The kubelet and Prometheus ask the sidecar's agent, which no policy covers. */
function plainHttp({ deployment }: MeshWorkload): Opening[] {
  return (deployment.http ?? []).map(({ path, callers }) => ({
    path: path.endsWith("/") ? `${path}*` : path,
    callers: [...callers].sort(),
    user: User.ANY,
  }));
}

function policyOf(workload: MeshWorkload): AuthorizationPolicy {
  const calls: readonly MeshMethod[] = workload.methods.filter((it) => !it.diagnostic);
  const openings = [...calls, ...plainHttp(workload)];
  return allow(workload.name, rulesFor(openings, workload.port));
}

/** What no other policy allows is refused. */
function denyByDefault(): AuthorizationPolicy {
  return new AuthorizationPolicy({ metadata: { name: "default-deny", namespace: NAMESPACE }, spec: {} });
}

/** The ingress is for everybody; its routes say for what, and who it forwards to asks again. */
function edgePolicy(): AuthorizationPolicy {
  return new AuthorizationPolicy({
    metadata: { name: EDGE, namespace: NAMESPACE },
    spec: {
      targetRefs: [EDGE_REF],
      action: "ALLOW",
      rules: [{}],
    },
  });
}

function webPolicy(): AuthorizationPolicy {
  const from = [{ source: { principals: [principalOf(EDGE)] } }];
  return allow(WEB.name, [{ from, to: [{ operation: { ports: [`${WEB.port}`] } }] }]);
}

/** Who keeps data in the environment's own PostgreSQL: its sidecar asks, before it does for a password. */
function databasePolicy({ workloads }: Mesh): AuthorizationPolicy {
  const principals = workloads.filter((it) => it.deployment.store === "postgres").map((it) => principalOf(it.name));
  const to = [{ operation: { ports: [`${POSTGRES.port}`] } }];
  return allow(POSTGRES.name, principals.length > 0 ? [{ from: [{ source: { principals } }], to }] : []);
}

function diagnosticsPolicy({ name, port, methods }: MeshWorkload): AuthorizationPolicy {
  const openings = methods.filter((it) => it.diagnostic);
  return allow(name, rulesFor(openings, port), `${name}-diagnostics`);
}

/** A folder of its own, for the overlays of some environments. */
function folder(name: string, policies: readonly AuthorizationPolicy[]): GeneratedFile[] {
  const path = `${MESH_FOLDER}/${name}`;
  const file = yamlFile(`${path}/authorization.yaml`, policies);
  return [file, kustomization(path, [file])];
}

/**
 * Who may call what: everything is refused but what the contracts allow, by the caller's identity, the RPC's exact path and the
 * user's role. Never by HTTP method: clients may make the same call by POST and by GET.
 */
export function emitAuthorization(mesh: Mesh): GeneratedFile[] {
  const policies = [denyByDefault(), edgePolicy(), webPolicy(), ...mesh.workloads.map(policyOf)];
  return [
    yamlFile(`${MESH_FOLDER}/authorization.yaml`, policies),
    ...folder("diagnostics", mesh.workloads.map(diagnosticsPolicy)),
    ...folder("database", [databasePolicy(mesh)]),
  ];
}
