import type { FileRegistry } from "@bufbuild/protobuf";
import { type GeneratedFile, yamlFile } from "../files.ts";
import type { Mesh } from "../model.ts";
import { documentsOf } from "./reference/documents.ts";
import { markdownOf } from "./reference/markdown.ts";
import { openApiOf } from "./reference/openapi.ts";

/**
 * The API reference: for people, and of what browsers may call for their tools.
 * @param registry the contracts with their comments, which generated code does not keep
 */
export function emitReference(mesh: Mesh, registry: FileRegistry): GeneratedFile[] {
  const documents = documentsOf(mesh, registry);
  return [{ path: "docs/api.md", text: markdownOf(documents) }, yamlFile("docs/openapi.yaml", [openApiOf(documents)])];
}
