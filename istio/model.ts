import { type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { durationMs, MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { type Policy, policy as policyOption, User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment, HttpPath } from "#kit/deployment.ts";
import { methodName, policyOf, requestMaxBytesOf, timeoutMsOf, workloadOf } from "#kit/policy.ts";
import { DEFAULT_PORTS } from "#kit/settings.ts";

/** The browser-facing ingress: a caller in contracts, not a service. */
export const EDGE = "edge";
/** In `callers`: every workload of the mesh. */
export const EVERYBODY = "*";

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

/** The contract says something that the mesh cannot hold to; the message lists all faults. */
export class MeshError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The contract cannot be expressed in the mesh:\n${faults.map((it) => `- ${it}`).join("\n")}`);
    this.faults = faults;
  }
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

/** What the mesh could not hold to of who may call. */
function callerFaults({ callers, user, rateLimit }: Policy, known: ReadonlySet<string>): string[] {
  const faults = callers
    .filter((it) => it !== EVERYBODY && !known.has(it))
    .map((it) => `names the caller "${it}", which is no workload`);
  if (new Set(callers).size < callers.length) faults.push("names a caller twice");
  if (callers.includes(EVERYBODY) && callers.length > 1)
    faults.push(`is open to everybody ("${EVERYBODY}") and names callers besides`);
  if (callers.includes(EVERYBODY) && user !== User.ANY)
    faults.push("is open to every workload but not to every user: name its callers");
  if (rateLimit !== undefined && !callers.includes(EDGE))
    faults.push(`limits how often a client may call, but no client can: it does not name "${EDGE}"`);
  return faults;
}

const NANOS_PER_MS = 1_000_000;

/** What the mesh could not hold to of how long a call takes. */
function timeFaults(method: DescMethod, policy: Policy): string[] {
  const faults: string[] = [];
  const timeoutMs = timeoutMsOf(policy);
  const streams = method.methodKind !== "unary";
  if (timeoutMs !== undefined && streams)
    faults.push("is a stream with a timeout, which a proxy could only keep by cutting the stream: leave it out");
  if ((policy.timeout?.nanos ?? 0) % NANOS_PER_MS !== 0) faults.push("has a timeout finer than a millisecond");
  if (streams && method.idempotency !== Idempotency.IDEMPOTENCY_UNKNOWN)
    faults.push("is a stream that calls itself idempotent, but no proxy can repeat a stream");
  const { objective } = policy;
  if (objective === undefined) return faults;
  if (!(objective.availability > 0 && objective.availability < 1))
    faults.push(`promises an availability of ${objective.availability}: it must lie between 0 and 1, both excluded`);
  if (objective.latencyMs <= 0) faults.push("promises an answer in no time");
  if (timeoutMs !== undefined && objective.latencyMs > timeoutMs)
    faults.push(`promises an answer within ${objective.latencyMs} ms, but is cut after ${timeoutMs} ms`);
  return faults;
}

/** What the mesh could not hold to, of one call. */
function faultsOf(method: DescMethod, known: ReadonlySet<string>): string[] {
  if (!hasOption(method, policyOption)) return [`${methodName(method)} has no (shop.mesh.v1.policy)`];
  try {
    policyOf(method);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  const policy = getOption(method, policyOption);
  return [...callerFaults(policy, known), ...timeFaults(method, policy)].map((it) => `${methodName(method)} ${it}`);
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
  const faults = [...services, ...standard].flatMap((it) => it.methods).flatMap((it) => faultsOf(it, known));
  for (const name of own.keys()) {
    if (deployments[name] === undefined)
      faults.push(`${name} says nothing about itself: add services/${name}/deployment.ts`);
    if (ports[name] === undefined) faults.push(`${name} has no port: add it in services/kit/settings.ts`);
    for (const { path, callers } of deployments[name]?.http ?? [])
      for (const caller of callers)
        if (caller !== EVERYBODY && !known.has(caller))
          faults.push(`services/${name}/deployment.ts lets "${caller}" ask for ${path}, which is no workload`);
  }
  for (const name of Object.keys(deployments))
    if (!own.has(name)) faults.push(`services/${name}/deployment.ts describes a service that no contract knows`);
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
