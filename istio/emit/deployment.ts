import type { GeneratedFile } from "../files.ts";
import type { Mesh } from "../model.ts";

/** To come. */
export function emitDeployment(_mesh: Mesh): GeneratedFile[] {
  return [];
}
