import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { durationMs, MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import type { Policy, User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment, HttpPath } from "#kit/deployment.ts";
import { EDGE } from "#kit/identity/workload.ts";
import { policyOf, requestMaxBytesOf, timeoutMsOf, workloadOf } from "#kit/policy.ts";
import { DEFAULT_PORTS } from "#kit/settings.ts";
import { callFaults, MeshError, workloadFaults } from "./faults.ts";
import { EVERYBODY } from "./names.ts";

// As contracts name them among the callers: the browser-facing ingress, which is no service, and every workload.
export { EDGE, EVERYBODY };

/** What the contracts say of the whole mesh; everything under generated/ is made from this and nothing else. */
export interface Mesh {
  /** The services, by name. */
  readonly workloads: readonly MeshWorkload[];
  /** Who calls whom, by name; `caller` may be "edge". Calls open to everybody make no edge. */
  readonly graph: readonly Edge[];
}

/** One arrow of the graph of calls. */
export interface Edge {
  readonly caller: string;
  readonly callee: string;
}

/** One service of the mesh as it is deployed. */
export interface MeshWorkload {
  readonly name: string;
  readonly port: number;
  readonly deployment: Deployment;
  /** Its own calls in the order of the contract, then those that every service serves (`common`). */
  readonly methods: readonly MeshMethod[];
}

/** One RPC at one workload. */
export interface MeshMethod {
  /** "shop.product.v1.ProductService" */
  readonly service: string;
  /** "GetProduct" */
  readonly name: string;
  /** "/shop.product.v1.ProductService/GetProduct" */
  readonly path: string;
  readonly kind: DescMethod["methodKind"];
  readonly idempotency: "none" | "idempotent" | "no_side_effects";
  /** Workloads, sorted; ["*"] for all. */
  readonly callers: readonly string[];
  readonly user: User;
  /** Undefined for streams that live until they are done. */
  readonly timeoutMs: number | undefined;
  readonly objective: { readonly latencyMs: number; readonly availability: number } | undefined;
  readonly rateLimit: { readonly requests: number; readonly periodMs: number } | undefined;
  /** The largest request, in bytes. */
  readonly requestMaxBytes: number;
  /** Served by every workload: telemetry, health, reflection. */
  readonly common: boolean;
  /** A tool of engineers, open only where the environment allows it: reflection. */
  readonly diagnostic: boolean;
  /** The descriptor, for what documents the call. */
  readonly descriptor: DescMethod;
}

const DIAGNOSTIC: readonly DescService[] = [ServerReflection, ServerReflectionAlpha];
/** gRPC's own services, which the kit serves everywhere. */
export const STANDARD_SERVICES: readonly DescService[] = [Health, ...DIAGNOSTIC];
/** Contracts of this package are served by all workloads. */
export const KIT_PACKAGE = "shop.mesh.";

const IDEMPOTENCY = {
  [Idempotency.IDEMPOTENCY_UNKNOWN]: "none",
  [Idempotency.IDEMPOTENT]: "idempotent",
  [Idempotency.NO_SIDE_EFFECTS]: "no_side_effects",
} as const;

function rateLimitOf({ rateLimit }: Policy): MeshMethod["rateLimit"] {
  if (rateLimit?.period === undefined) return undefined;
  return { requests: rateLimit.requests, periodMs: durationMs(rateLimit.period) };
}

function methodOf(method: DescMethod, common: boolean): MeshMethod {
  const policy = policyOf(method);
  const { objective } = policy;
  return {
    service: method.parent.typeName,
    name: method.name,
    path: `/${method.parent.typeName}/${method.name}`,
    kind: method.methodKind,
    idempotency: IDEMPOTENCY[method.idempotency],
    callers: [...policy.callers].sort(),
    user: policy.user,
    timeoutMs: timeoutMsOf(policy),
    objective: objective && { latencyMs: objective.latencyMs, availability: objective.availability },
    rateLimit: rateLimitOf(policy),
    requestMaxBytes: requestMaxBytesOf(policy),
    common,
    diagnostic: DIAGNOSTIC.some((it) => it.typeName === method.parent.typeName),
    descriptor: method,
  };
}

/** Who may ask a workload for a path by plain HTTP: in contrast to health and the like, this is really asked for. */
function httpCallers({ callers }: HttpPath, callee: string, workloads: readonly MeshWorkload[]): readonly string[] {
  return callers.includes(EVERYBODY) ? workloads.map((it) => it.name).filter((it) => it !== callee) : callers;
}

function graphOf(workloads: readonly MeshWorkload[]): Edge[] {
  const edges = new Map<string, Edge>();
  const add = (caller: string, callee: string) => edges.set(`${caller} ${callee}`, { caller, callee });
  for (const { name, methods, deployment } of workloads) {
    const named = methods.flatMap((it) => it.callers).filter((it) => it !== EVERYBODY);
    for (const caller of [...named, ...(deployment.http ?? []).flatMap((it) => httpCallers(it, name, workloads))])
      add(caller, name);
  }
  return [...edges.values()].sort((a, b) => a.caller.localeCompare(b.caller) || a.callee.localeCompare(b.callee));
}

/**
 * The mesh that the contracts describe: pure, and the same for the same input.
 * @param services every service of the shop; that of "shop.mesh" is served by all workloads
 * @param deployments what each service says about itself, by workload
 * @param standard gRPC's own services, with the policies of the same contracts
 * @param ports the port of each workload
 * @throws MeshError when something in a contract cannot be held to by the mesh
 */
export function meshOf(
  services: readonly DescService[],
  deployments: Readonly<Record<string, Deployment>>,
  standard: readonly DescService[] = STANDARD_SERVICES,
  ports: Readonly<Record<string, number>> = DEFAULT_PORTS,
): Mesh {
  const own = Map.groupBy(
    services.filter((it) => !it.typeName.startsWith(KIT_PACKAGE)),
    workloadOf,
  );
  const shared = [...services.filter((it) => it.typeName.startsWith(KIT_PACKAGE)), ...standard];
  const known = new Set([...own.keys(), EDGE]);
  const faults = [
    ...[...services, ...standard].flatMap((it) => it.methods).flatMap((it) => callFaults(it, known)),
    ...[...own.keys()].flatMap((it) => workloadFaults(it, { deployment: deployments[it], port: ports[it], known })),
    ...Object.keys(deployments)
      .filter((it) => !own.has(it))
      .map((it) => `services/${it}/deployment.ts describes a service that no contract knows`),
  ];
  if (faults.length > 0) throw new MeshError(faults);

  const workloads = [...own].map(([name, contracts]): MeshWorkload => {
    const deployment = deployments[name];
    const port = ports[name];
    if (deployment === undefined || port === undefined) throw new MeshError([`${name} is not complete`]);
    const methods = [
      ...contracts.flatMap((it) => it.methods).map((it) => methodOf(it, false)),
      ...shared.flatMap((it) => it.methods).map((it) => methodOf(it, true)),
    ];
    return { name, port, deployment, methods };
  });
  workloads.sort((a, b) => a.name.localeCompare(b.name));
  return { workloads, graph: graphOf(workloads) };
}

/** Workloads that this one calls, sorted. */
export function calleesOf(mesh: Mesh, caller: string): string[] {
  return mesh.graph.filter((it) => it.caller === caller).map((it) => it.callee);
}

/** Workloads that call this one, sorted; may hold "edge". */
export function callersOf(mesh: Mesh, callee: string): string[] {
  return mesh.graph.filter((it) => it.callee === callee).map((it) => it.caller);
}
