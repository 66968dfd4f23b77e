import type { GeneratedFile } from "../files.ts";
import type { Mesh } from "../model.ts";

/** To come. */
export function emitAuthorization(_mesh: Mesh): GeneratedFile[] {
  return [];
}
