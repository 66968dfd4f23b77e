import type { DescService } from "@bufbuild/protobuf";
import { policyOf, workloadOf } from "#kit/policy.ts";

/** Where a request goes: to a workload. */
export interface Routes {
  /** The workload that serves a path, or undefined when browsers have no business there. */
  workloadOf(path: string): string | undefined;
}

const WORKLOAD = "edge";

/** The routes that the contracts allow: exactly the RPCs that name "edge" among their callers, and pictures. */
export function createRoutes(services: readonly DescService[]): Routes {
  const rpcs = new Map<string, string>();
  for (const service of services) {
    const workload = workloadOf(service);
    for (const method of service.methods) {
      if (policyOf(method).callers.includes(WORKLOAD)) rpcs.set(`/${service.typeName}/${method.name}`, workload);
    }
  }
  return { workloadOf: (path) => rpcs.get(path) ?? (path.startsWith("/images/") ? "image" : undefined) };
}
