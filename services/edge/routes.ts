import type { DescService } from "@bufbuild/protobuf";
import type { EdgePath } from "#gen/edge-paths.js";
import { policyOf, workloadOf } from "#kit/policy.ts";

/** Where a request goes: to a workload. */
export interface Routes {
  /** The workload that serves a path, or undefined when browsers have no business there. */
  workloadOf(path: string): string | undefined;
}

const WORKLOAD = "edge";

/**
 * The routes that are allowed: exactly the RPCs that name "edge" among their callers, and the paths of plain HTTP that services
 * open to it.
 */
export function createRoutes(services: readonly DescService[], paths: readonly EdgePath[]): Routes {
  const rpcs = new Map<string, string>();
  for (const service of services) {
    const workload = workloadOf(service);
    for (const method of service.methods) {
      if (policyOf(method).callers.includes(WORKLOAD)) rpcs.set(`/${service.typeName}/${method.name}`, workload);
    }
  }
  const plain = (path: string) =>
    paths.find((it) => (it.match === "prefix" ? path.startsWith(it.path) : path === it.path))?.workload;
  return { workloadOf: (path) => rpcs.get(path) ?? plain(path) };
}
