import type { DescEnum, DescMessage, DescMethod, DescService, FileRegistry } from "@bufbuild/protobuf";
import type { Mesh, MeshMethod } from "../../model.ts";
import { createComments } from "./comments.ts";
import { commonReasons, type Reason, reasonsOf } from "./errors.ts";

/** A call as it is documented: what the mesh knows of it, and its declaration with comments. */
export interface DocumentedCall {
  readonly method: MeshMethod;
  readonly desc: DescMethod;
}

/** A contract as it is documented. */
export interface DocumentedService {
  readonly workload: string;
  readonly desc: DescService;
  readonly calls: readonly DocumentedCall[];
  /** Failures of its own. */
  readonly reasons: readonly Reason[];
}

/** Everything that the reference is made from. */
export interface Documents {
  readonly services: readonly DocumentedService[];
  readonly commonReasons: readonly Reason[];
  readonly comment: ReturnType<typeof createComments>;
}

/** Joins the mesh with the contracts as proto/ has them, comments included. */
export function documentsOf(mesh: Mesh, registry: FileRegistry): Documents {
  const comment = createComments();
  const services = mesh.workloads.flatMap(({ name, methods }) => {
    const own = Map.groupBy(
      methods.filter((it) => !it.common),
      (it) => it.service,
    );
    return [...own].map(([typeName, calls]): DocumentedService => {
      const desc = registry.getService(typeName);
      if (desc === undefined) throw new Error(`${typeName} is not among the contracts; run \`npm run gen\``);
      const documented = calls.flatMap((method) => {
        const found = desc.methods.find((it) => it.name === method.name);
        return found === undefined ? [] : [{ method, desc: found }];
      });
      return {
        workload: name,
        desc,
        calls: documented,
        reasons: reasonsOf(registry, desc.file.proto.package, comment),
      };
    });
  });
  return { services, commonReasons: commonReasons(registry, comment), comment };
}

/** Types that everybody knows: they are mapped, not described. */
export function isWellKnown({ typeName }: DescMessage): boolean {
  return typeName.startsWith("google.protobuf.");
}

/** Messages and enums that these messages are made of, themselves included, in the order in which they are met. */
export function typesOf(roots: readonly DescMessage[]): (DescMessage | DescEnum)[] {
  const found = new Set<DescMessage | DescEnum>();
  const visit = (type: DescMessage | DescEnum): void => {
    if (found.has(type) || (type.kind === "message" && isWellKnown(type))) return;
    found.add(type);
    if (type.kind === "enum") return;
    for (const field of type.fields) {
      if (field.message !== undefined) visit(field.message);
      if (field.enum !== undefined) visit(field.enum);
    }
  };
  for (const root of roots) visit(root);
  return [...found];
}
