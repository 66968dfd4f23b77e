import { create, type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

function addTo(files: Set<DescFile>, file: DescFile): void {
  if (files.has(file)) return;
  for (const it of file.dependencies) addTo(files, it);
  files.add(file);
}

/** A contract's file with all that it imports, as tools that call by name read it. */
export function protosetOf(file: DescFile): Uint8Array {
  const files = new Set<DescFile>();
  addTo(files, file);
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...files].map((it) => it.proto) }));
}
