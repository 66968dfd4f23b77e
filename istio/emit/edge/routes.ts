import { EDGE, type Mesh, type MeshMethod } from "../../model.ts";
import { WEB } from "../../names.ts";
import { PLAIN_HTTP, type Treatment, treatmentOf } from "../traffic/treatment.ts";

/** One path that the edge lets through, and to whom. */
export interface EdgeRoute {
  /** "shop.product.v1.productservice.getproduct": unique, and a name that Kubernetes takes. */
  readonly name: string;
  readonly workload: string;
  readonly path: string;
  /** Whether the path alone is meant, or everything that begins with it. */
  readonly match: "exact" | "prefix";
  /** The RPC; undefined for plain HTTP. */
  readonly method: MeshMethod | undefined;
  readonly treatment: Treatment;
}

const PLAIN = { method: undefined, treatment: PLAIN_HTTP } as const;

function nameOf(path: string): string {
  return path
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, ".")
    .replace(/^[.-]+|[.-]+$/g, "");
}

/**
 * What the edge lets through: exactly the RPCs whose contract names "edge", the paths of plain HTTP that services open
 * to it, and the web app for everything else; the order is that in which the first match counts.
 */
export function edgeRoutes(mesh: Mesh): EdgeRoute[] {
  const rpcs = mesh.workloads.flatMap(({ name, methods }) =>
    methods
      .filter((it) => !it.common && it.callers.includes(EDGE))
      .map((method): EdgeRoute => {
        const { path } = method;
        return { name: nameOf(path), workload: name, path, match: "exact", method, treatment: treatmentOf(method) };
      }),
  );
  const plain = mesh.workloads.flatMap(({ name, deployment }) =>
    (deployment.http ?? [])
      .filter((it) => it.callers.includes(EDGE))
      .map(({ path }): EdgeRoute => {
        const match = path.endsWith("/") ? "prefix" : "exact";
        return { name: nameOf(`${name}${path}`), workload: name, path, match, ...PLAIN };
      }),
  );
  const rest: EdgeRoute = { name: WEB.name, workload: WEB.name, path: "/", match: "prefix", ...PLAIN };
  return [...rpcs, ...plain, rest];
}

/** Below these lie RPCs and nothing else. */
const RPC_PREFIXES = ["/shop.", "/grpc."] as const;

/** Envoy's routes for RPCs that no other route names: nobody outside has any business there. */
export const unknownRpcs = RPC_PREFIXES.map((prefix) => ({
  name: `unknown${prefix.replace("/", ".")}`.replace(/\.$/, ""),
  match: { prefix },
  direct_response: { status: 404, body: { inline_string: "not found\n" } },
}));

/** Who is reached through the edge, sorted, the web app included. */
export function edgeWorkloads(mesh: Mesh): string[] {
  return [...new Set(edgeRoutes(mesh).map((it) => it.workload))].sort();
}
