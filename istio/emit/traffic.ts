import { type GeneratedFile, MESH_FOLDER, yamlFile } from "../files.ts";
import type { Mesh } from "../model.ts";
import { destinationRulesOf } from "./traffic/destination-rule.ts";
import { sidecarsOf } from "./traffic/sidecar.ts";
import { virtualServiceOf } from "./traffic/virtual-service.ts";

/** How calls go from proxy to proxy: by their contracts, to which replica, and nowhere else. */
export function emitTraffic(mesh: Mesh): GeneratedFile[] {
  return [
    yamlFile(`${MESH_FOLDER}/virtual-services.yaml`, mesh.workloads.map(virtualServiceOf)),
    yamlFile(`${MESH_FOLDER}/destination-rules.yaml`, destinationRulesOf(mesh)),
    yamlFile(`${MESH_FOLDER}/sidecars.yaml`, sidecarsOf(mesh)),
  ];
}
