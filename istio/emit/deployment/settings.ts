import { CLUSTER_FOLDER, type GeneratedFile, yamlFile } from "../../files.ts";
import { NAMESPACE } from "../../names.ts";
import { labelsOf, type Unit } from "./unit.ts";

/** The ConfigMap with what an environment says to all workloads: k8s/base/kustomization.yaml. */
export const ENVIRONMENT_CONFIG = "environment";

/** "NAME=value", as kustomize reads it. */
export const literalsOf = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => `${name}=${value}`);

/**
 * A ConfigMap for each workload. Kustomize makes them, since it puts a hash of the content into the name: changed settings
 * roll the pods out, and a roll-back finds the old ones.
 */
export function settingsFile(units: readonly Unit[]): GeneratedFile {
  const configMapGenerator = units.map((unit) => ({
    name: unit.name,
    literals: literalsOf(unit.settings),
    options: { labels: labelsOf(unit) },
  }));
  return yamlFile(`${CLUSTER_FOLDER}/settings/kustomization.yaml`, [
    {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      namespace: NAMESPACE,
      configMapGenerator,
    },
  ]);
}
