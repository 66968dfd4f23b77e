import { stringify } from "yaml";
import { ENGINES, type Engine, enginesOf, LEAN } from "../../engines.ts";
import type { Mesh, MeshWorkload } from "../../model.ts";
import { canaryNameOf, hostOf, POSTGRES } from "../../names.ts";
import { externalSecret } from "../deployment/secrets.ts";
import type { Unit } from "../deployment/unit.ts";
import { clientsOf } from "../network-policy.ts";
import { sidecarOf } from "../traffic/sidecar.ts";

/** A change of an object that stands, as kustomize takes it. */
export interface Patch {
  readonly target: { readonly kind: string; readonly name: string };
  readonly patch: string;
}

type Operation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

const patchOf = (kind: string, name: string, operations: readonly Operation[]): Patch[] =>
  operations.length === 0 ? [] : [{ target: { kind, name }, patch: stringify(operations) }];

/** What a service begins to use when it moves from PostgreSQL alone to a shop with these engines, and what it ceases to. */
export function moved({ deployment }: MeshWorkload, shop: ReadonlySet<Engine>) {
  const [before, after] = [enginesOf(deployment, LEAN), enginesOf(deployment, shop)];
  return { begins: after.filter((it) => !before.includes(it)), ceases: before.filter((it) => !after.includes(it)) };
}

/** Where something stands in a list; what is taken out of it is taken out after what is added at its end. */
function removal(path: string, list: readonly unknown[], isIt: (item: unknown) => boolean): Operation[] {
  const at = list.findIndex(isIt);
  return at === -1 ? [] : [{ op: "remove", path: `${path}/${at}` }];
}

/** Its Secret: one more address for each engine that it begins to use, and none of those that it ceases to. */
function secretPatches(workload: MeshWorkload, unit: Unit, shop: ReadonlySet<Engine>): Patch[] {
  const { begins, ceases } = moved(workload, shop);
  if (Object.keys(unit.secrets).length === 0) return [];
  const data = externalSecret(unit).spec?.data ?? [];
  const more = externalSecret({ ...unit, secrets: addressesIn(begins) }).spec?.data ?? [];
  const gone = ceases.map((it): string => ENGINES[it].variable);
  return patchOf("ExternalSecret", unit.name, [
    ...more.map((value): Operation => ({ op: "add", path: "/spec/data/-", value })),
    ...removal("/spec/data", data, (it) => gone.includes((it as { secretKey: string }).secretKey)),
  ]);
}

/** A service that had no Secret reads one from now on; its canary as well. */
function podPatches(workload: MeshWorkload, unit: Unit, shop: ReadonlySet<Engine>): Patch[] {
  if (Object.keys(unit.secrets).length > 0 || moved(workload, shop).begins.length === 0) return [];
  const value = { secretRef: { name: unit.name } };
  return patchOf("Deployment", `${unit.name}|${canaryNameOf(unit.name)}`, [
    { op: "add", path: "/spec/template/spec/containers/0/envFrom/-", value },
  ]);
}

/** What its proxy knows of the mesh. */
function sidecarPatches(mesh: Mesh, workload: MeshWorkload, shop: ReadonlySet<Engine>): Patch[] {
  const { begins, ceases } = moved(workload, shop);
  const path = "/spec/egress/0/hosts";
  const hosts = sidecarOf(mesh, workload).spec?.egress?.[0]?.hosts ?? [];
  const gone = ceases.map((it) => `./${hostOf(it)}`);
  return patchOf("Sidecar", workload.name, [
    ...begins.map((it): Operation => ({ op: "add", path: `${path}/-`, value: `./${hostOf(it)}` })),
    ...removal(path, hosts, (it) => gone.includes(it as string)),
  ]);
}

/** The way to PostgreSQL is closed for those who have left it. */
function postgresPatches(mesh: Mesh, shop: ReadonlySet<Engine>): Patch[] {
  const [before, after] = [clientsOf(mesh, "postgres", LEAN), clientsOf(mesh, "postgres", shop)];
  const path = "/spec/podSelector/matchExpressions/0/values";
  const operations: Operation[] = before.length === after.length ? [] : [{ op: "replace", path, value: after }];
  return patchOf("NetworkPolicy", `to-${POSTGRES.name}`, operations);
}

/** Where engines are, as secrets, without what is in them. */
export function addressesIn(engines: readonly Engine[]): Record<string, string> {
  return Object.fromEntries(engines.map((it) => [ENGINES[it].variable, ""]));
}

/** Everything that is other than in a shop on PostgreSQL alone. */
export function patchesOf(mesh: Mesh, units: ReadonlyMap<string, Unit>, shop: ReadonlySet<Engine>): Patch[] {
  const own = mesh.workloads.flatMap((it) => {
    const unit = units.get(it.name);
    if (unit === undefined) return [];
    return [...secretPatches(it, unit, shop), ...podPatches(it, unit, shop), ...sidecarPatches(mesh, it, shop)];
  });
  return [...own, ...postgresPatches(mesh, shop)];
}
