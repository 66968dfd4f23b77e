import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment } from "#kit/deployment.ts";
import { calleesOf, callersOf, type Edge, type Mesh, type MeshMethod } from "./model.ts";

/** The mesh for machines, as `npm run mesh -- --json` prints it. What is not stated is null; nothing is left out. */
export interface MeshJson {
  /** Grows when something here changes its meaning or goes; what is added does not count. */
  readonly version: 1;
  readonly workloads: readonly WorkloadJson[];
  /** Who calls whom; "edge" is the ingress. */
  readonly graph: readonly Edge[];
}

/** A service. */
export interface WorkloadJson {
  readonly name: string;
  readonly port: number;
  readonly calls: readonly string[];
  readonly calledBy: readonly string[];
  /** As the service's deployment.ts has it. */
  readonly deployment: Deployment;
  readonly methods: readonly MethodJson[];
}

/** An RPC. */
export interface MethodJson {
  /** "shop.product.v1.ProductService" */
  readonly service: string;
  /** "GetProduct" */
  readonly name: string;
  /** "/shop.product.v1.ProductService/GetProduct" */
  readonly path: string;
  readonly kind: MeshMethod["kind"];
  readonly idempotency: MeshMethod["idempotency"];
  /** Workloads; ["*"] for all. */
  readonly callers: readonly string[];
  readonly user: "any" | "guest" | "signed_in" | "admin";
  /** Null for streams. */
  readonly timeoutMs: number | null;
  readonly objective: { readonly latencyMs: number; readonly availability: number } | null;
  /** For each client. */
  readonly rateLimit: { readonly requests: number; readonly periodMs: number } | null;
  readonly requestMaxBytes: number;
  /** Every service serves it. */
  readonly common: boolean;
  /** Open only where the environment allows it. */
  readonly diagnostic: boolean;
}

const USERS = {
  // Never valid; if it were, then for nobody less.
  [User.UNSPECIFIED]: "admin",
  [User.ANY]: "any",
  [User.GUEST]: "guest",
  [User.SIGNED_IN]: "signed_in",
  [User.ADMIN]: "admin",
} as const;

function methodJson({ descriptor: _, ...method }: MeshMethod): MethodJson {
  return {
    ...method,
    user: USERS[method.user],
    timeoutMs: method.timeoutMs ?? null,
    objective: method.objective ?? null,
    rateLimit: method.rateLimit ?? null,
  };
}

/** The mesh without anything that JSON cannot hold. */
export function meshJson(mesh: Mesh): MeshJson {
  const workloads = mesh.workloads.map(({ name, port, deployment, methods }): WorkloadJson => {
    const calls = calleesOf(mesh, name);
    return { name, port, calls, calledBy: callersOf(mesh, name), deployment, methods: methods.map(methodJson) };
  });
  return { version: 1, workloads, graph: mesh.graph };
}
