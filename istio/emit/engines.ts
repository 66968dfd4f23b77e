import { type Engine, FULL, LEAN, OPTIONAL_ENGINES, settingsIn } from "../engines.ts";
import { CLUSTER_FOLDER, type GeneratedFile, yamlFile } from "../files.ts";
import type { Mesh } from "../model.ts";
import { NAMESPACE } from "../names.ts";
import { externalSecret } from "./deployment/secrets.ts";
import { literalsOf } from "./deployment/settings.ts";
import { type Unit, unitsOf } from "./deployment/unit.ts";
import { replacementsOf, serviceEntryOf, wayTo } from "./engines/objects.ts";
import { addressesIn, moved, type Patch, patchesOf } from "./engines/patches.ts";
import { clientsOf } from "./network-policy.ts";

/** The folder below which each set of engines has one of its own. */
export const ENGINES_FOLDER = `${CLUSTER_FOLDER}/engines`;
/** All engines at once. */
export const ALL_ENGINES = "all";

/** A Secret for each service that had none. */
function newSecrets(mesh: Mesh, units: ReadonlyMap<string, Unit>, shop: ReadonlySet<Engine>): object[] {
  return mesh.workloads.flatMap((it) => {
    const unit = units.get(it.name);
    const { begins } = moved(it, shop);
    if (unit === undefined || begins.length === 0 || Object.keys(unit.secrets).length > 0) return [];
    return [externalSecret({ ...unit, secrets: addressesIn(begins) })];
  });
}

/** Settings that are other ones than on PostgreSQL alone; kustomize puts them among the others, and pods roll out. */
function settingsChanges(mesh: Mesh, shop: ReadonlySet<Engine>): object[] {
  return mesh.workloads.flatMap(({ name, deployment }) => {
    const before = settingsIn(deployment, LEAN);
    const changed = Object.entries(settingsIn(deployment, shop)).filter(([key, value]) => before[key] !== value);
    if (changed.length === 0) return [];
    return [{ name, namespace: NAMESPACE, behavior: "merge", literals: literalsOf(Object.fromEntries(changed)) }];
  });
}

/**
 * Kustomize says nothing of a patch that finds nothing to change, but complains of a value that it does not find: so that this
 * component cannot stand before the one that brings the Secrets.
 */
function afterSecrets(patches: readonly Patch[]): object[] {
  const [patched] = patches.filter((it) => it.target.kind === "ExternalSecret");
  if (patched === undefined) return [];
  const fieldPath = "metadata.name";
  return [{ source: { ...patched.target, fieldPath }, targets: [{ select: patched.target, fieldPaths: [fieldPath] }] }];
}

function componentOf(
  mesh: Mesh,
  units: ReadonlyMap<string, Unit>,
  name: string,
  shop: ReadonlySet<Engine>,
): GeneratedFile[] {
  const engines = OPTIONAL_ENGINES.filter((it) => shop.has(it));
  const objects = engines.flatMap((it) => [serviceEntryOf(it), wayTo(it, clientsOf(mesh, it, shop))]);
  const settings = settingsChanges(mesh, shop);
  const patches = patchesOf(mesh, units, shop);
  const component = {
    apiVersion: "kustomize.config.k8s.io/v1alpha1",
    kind: "Component",
    resources: ["objects.yaml"],
    ...(settings.length > 0 && { configMapGenerator: settings }),
    patches,
    replacements: [...afterSecrets(patches), ...engines.flatMap(replacementsOf)],
  };
  const folder = `${ENGINES_FOLDER}/${name}`;
  return [
    yamlFile(`${folder}/objects.yaml`, [...objects, ...newSecrets(mesh, units, shop)]),
    yamlFile(`${folder}/kustomization.yaml`, [component]),
  ];
}

/**
 * Components by which an environment moves to engines that are outside the cluster: one for each, and one for all of them. Who
 * uses an engine is told where it is and let out to it; who does so no more is not.
 */
export function emitEngines(mesh: Mesh): GeneratedFile[] {
  const units = new Map(unitsOf(mesh).map((it) => [it.name, it]));
  const sets: [string, ReadonlySet<Engine>][] = OPTIONAL_ENGINES.map((it) => [it, new Set<Engine>([...LEAN, it])]);
  return [...sets, [ALL_ENGINES, FULL] as const].flatMap(([name, shop]) => componentOf(mesh, units, name, shop));
}
