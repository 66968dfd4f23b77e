import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { type Policy, policy as policyOption, User } from "#gen/shop/mesh/v1/policy_pb.js";
import type { Deployment } from "#kit/deployment.ts";
import { EDGE } from "#kit/identity/workload.ts";
import { methodName, policyOf, timeoutMsOf } from "#kit/policy.ts";
import { ENGINES } from "./engines.ts";
import { CERTIFICATES, DEMO, EVERYBODY, MONITORS, WEB } from "./names.ts";

/** The contract says something that the mesh cannot hold to; the message lists all faults. */
export class MeshError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The contract cannot be expressed in the mesh:\n${faults.map((it) => `- ${it}`).join("\n")}`);
    this.faults = faults;
  }
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

/**
 * What the mesh could not hold to, of one call.
 * @param known who may be named as a caller
 */
export function callFaults(method: DescMethod, known: ReadonlySet<string>): string[] {
  if (!hasOption(method, policyOption)) return [`${methodName(method)} has no (shop.mesh.v1.policy)`];
  try {
    policyOf(method);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  const policy = getOption(method, policyOption);
  return [...callerFaults(policy, known), ...timeFaults(method, policy)].map((it) => `${methodName(method)} ${it}`);
}

/** In the namespace they are something else. */
const TAKEN: readonly string[] = [
  EDGE,
  WEB.name,
  DEMO,
  CERTIFICATES,
  ...Object.keys(ENGINES),
  ...Object.values(MONITORS),
];
/** A name for objects of Kubernetes, for hosts and, in upper case, for variables. */
const WORKLOAD_NAME = /^[a-z][a-z0-9]*$/;

/**
 * What is missing or wrong about a service beside its calls.
 * @param it what is known of it, and who may be named as a caller
 */
export function workloadFaults(
  name: string,
  it: { deployment: Deployment | undefined; port: number | undefined; known: ReadonlySet<string> },
): string[] {
  const faults: string[] = [];
  if (!WORKLOAD_NAME.test(name))
    faults.push(`"${name}" is no name for a service: only letters and digits serve everywhere`);
  if (TAKEN.includes(name)) faults.push(`"${name}" is no name for a service: it is taken`);
  if (it.deployment === undefined) faults.push(`${name} says nothing about itself: add services/${name}/deployment.ts`);
  if (it.port === undefined) faults.push(`${name} has no port: add it in services/kit/settings.ts`);
  for (const { keeps, on } of it.deployment?.engines ?? []) {
    const own = it.deployment?.engines?.filter((other) => other.keeps === keeps) ?? [];
    if (it.deployment?.store === "none")
      faults.push(`services/${name}/deployment.ts keeps nothing (store: "none") that ${on} could take over`);
    if (own.length > 1) faults.push(`services/${name}/deployment.ts names two engines for its ${keeps}`);
  }
  for (const { path, callers } of it.deployment?.http ?? [])
    for (const caller of callers.filter((caller) => caller !== EVERYBODY && !it.known.has(caller)))
      faults.push(`services/${name}/deployment.ts lets "${caller}" ask for ${path}, which is no workload`);
  return faults;
}
