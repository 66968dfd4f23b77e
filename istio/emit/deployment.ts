import { CLUSTER_FOLDER, type GeneratedFile, yamlFile } from "../files.ts";
import type { Mesh } from "../model.ts";
import { podsOf } from "./deployment/pods.ts";
import { scalingOf } from "./deployment/scaling.ts";
import { externalSecretFiles, plainSecretFiles } from "./deployment/secrets.ts";
import { identityOf, serviceOf } from "./deployment/service.ts";
import { settingsFile } from "./deployment/settings.ts";
import { unitsOf } from "./deployment/unit.ts";

/**
 * How the shop runs in a cluster: a file for each workload, and beside them the folders `settings` (applied with every
 * environment) and `secrets/plain`, `secrets/external` (one of which an environment takes).
 */
export function emitDeployment(mesh: Mesh): GeneratedFile[] {
  const units = unitsOf(mesh);
  const workloads = units.map((unit) =>
    yamlFile(`${CLUSTER_FOLDER}/${unit.name}.yaml`, [
      identityOf(unit),
      serviceOf(unit),
      podsOf(unit),
      ...scalingOf(unit),
    ]),
  );
  return [...workloads, settingsFile(units), ...plainSecretFiles(units), ...externalSecretFiles(units)];
}
