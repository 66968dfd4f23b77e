import type { Plugin } from "vite";

const RULES = "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
const STUB = "\0shopmesh:validate_pb";

/**
 * Keeps protovalidate's descriptors out of the first load. Every generated file names them as a dependency, yet only the
 * validator reads them, and forms fetch that with its own copy when they appear. What the generated files get is a file
 * of the same name with nothing in it.
 */
export function lazyRules(): Plugin {
  return {
    name: "shopmesh:lazy-rules",
    apply: "build",
    enforce: "pre",
    resolveId: (source) => (source === RULES ? STUB : undefined),
    load(id) {
      if (id !== STUB) return;
      const name = Buffer.from("buf/validate/validate.proto");
      // A FileDescriptorProto whose only field is its name: number 1, with a length before it.
      const descriptor = Buffer.concat([Buffer.from([0x0a, name.length]), name]).toString("base64");
      return [
        'import { fileDesc } from "@bufbuild/protobuf/codegenv2";',
        `export const file_buf_validate_validate = /*@__PURE__*/ fileDesc("${descriptor}");`,
      ].join("\n");
    },
  };
}
