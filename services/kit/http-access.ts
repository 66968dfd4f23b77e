import type { HttpPath } from "./deployment.ts";
import { Failure } from "./failure.ts";
import type { WorkloadIdentity } from "./identity/workload.ts";
import type { HttpHandler } from "./server/listen.ts";
import { peerOf } from "./server/peer.ts";

type Request = Parameters<HttpHandler>[0];

/** Probes have no identity, wherever they come from. */
const PROBES: ReadonlySet<string> = new Set(["/health", "/ready"]);
const EVERYBODY = "*";

function callerOf(identity: WorkloadIdentity, request: Request): string | undefined {
  const header = { get: (name: string) => request.headers[name]?.toString() ?? null };
  try {
    return identity.callerOf({ header, peer: peerOf(request.socket) }) ?? identity.unnamed;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/**
 * Whether a path of plain HTTP is open to who asks, as RPCs are held to their contracts. What a service's `deployment.ts` says
 * nothing of (metrics, health of the whole) is kept by the mesh, or, with TLS of our own, open to whoever has a certificate:
 * Prometheus has one (`tls_config`), and what calls are made of is nobody else's business.
 * @param options.check false lets all callers through, to see what the mesh alone refuses
 */
export function createHttpAccess(options: {
  readonly identity: WorkloadIdentity;
  readonly paths: readonly HttpPath[];
  readonly check: boolean;
}): (path: string, request: Request) => boolean {
  const { identity, paths, check } = options;
  const ruleOf = (path: string) =>
    paths.find((it) => (it.path.endsWith("/") ? path.startsWith(it.path) : path === it.path));
  return (path, request) => {
    if (PROBES.has(path)) return true;
    if (identity.tls !== undefined && peerOf(request.socket).spiffeId === undefined) return false;
    if (!check) return true;
    const rule = ruleOf(path);
    if (rule === undefined || rule.callers.includes(EVERYBODY)) return true;
    const caller = callerOf(identity, request);
    return caller !== undefined && rule.callers.includes(caller);
  };
}
