import type { GeneratedFile } from "../files.ts";
import type { Mesh } from "../model.ts";

/** To come. */
export function emitNetworkPolicy(_mesh: Mesh): GeneratedFile[] {
  return [];
}
