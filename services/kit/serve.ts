import type { DescService } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { HttpPath } from "./deployment.ts";
import { callFailure } from "./failure.ts";
import { createReadiness, healthService } from "./health.ts";
import { createHttpAccess } from "./http-access.ts";
import type { TokenVerifier } from "./identity/access-token.ts";
import type { Revocations } from "./identity/revocations.ts";
import type { WorkloadIdentity } from "./identity/workload.ts";
import type { Implementation } from "./implementation.ts";
import type { Metrics } from "./metrics.ts";
import { createPipeline, type Step } from "./pipeline/pipeline.ts";
import type { SharedAllowances } from "./pipeline/rate-limit.ts";
import { standardSteps } from "./pipeline/steps.ts";
import { answer, healthRoutes, pathOf, type Served } from "./plain-http.ts";
import { policyOf } from "./policy.ts";
import { reflectionServices } from "./reflection.ts";
import type { HttpHandler } from "./server/listen.ts";
import { serveRpcs } from "./server/rpc-server.ts";
import { telemetryService } from "./telemetry.ts";

/** Answers plain HTTP below a path, such as "/images/". */
export type HttpRoutes = Readonly<Record<string, HttpHandler>>;

/** What a service brings to `serve()`. */
export interface ServeOptions {
  readonly services: readonly Implementation[];
  /** Throws, with a reason, when the service cannot do its work: asks the store. */
  readonly ready: () => Promise<void>;
  /** Plain HTTP by path prefix, looked at after the RPCs. */
  readonly http?: HttpRoutes;
  /** Which workloads may ask for it, as the service's `deployment.ts` says. */
  readonly httpPaths?: readonly HttpPath[] | undefined;
}

/** What the process brings. */
export interface ServeDeps {
  readonly workload: string;
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly enableMetrics: boolean;
  readonly enableReflection: boolean;
  /** Whether calls are held to who may make them; only `false` says no. */
  readonly contractCheck?: boolean;
  readonly identity: WorkloadIdentity;
  readonly tokens: TokenVerifier;
  /** Sessions whose tokens are refused; undefined: none. */
  readonly revocations?: Revocations;
  /** Allowances that replicas share; undefined: each counts for itself. */
  readonly allowances?: SharedAllowances | undefined;
}

const RESPONSE_MAX_BYTES = 16 * 1024 * 1024;
/** How long calls may take to end when the service stops. */
export const CLOSE_GRACE_MS = 10_000;

/** Ends calls that would go on for ever when the service stops: the caller tries again elsewhere. */
function endStreamsOnShutdown(shutdown: AbortSignal): Step {
  return (call) => {
    if (call.method.methodKind === "unary") return;
    const end = () =>
      call.cancel(
        callFailure(ErrorReason.SHUTTING_DOWN, "The service is stopping; call again.", { retryAfterMs: 200 }),
      );
    if (shutdown.aborted) end();
    else shutdown.addEventListener("abort", end, { once: true });
    call.onEnd.push(() => shutdown.removeEventListener("abort", end));
  };
}

function checkPolicies(services: readonly DescService[]): void {
  for (const service of services) for (const method of service.methods) policyOf(method);
}

/**
 * Opens a service's one port: gRPC, gRPC-Web and Connect calls through the pipeline, health, reflection, metrics.
 * @throws Error when an RPC has no policy; StartError when the port is taken.
 */
export async function serve(deps: ServeDeps, options: ServeOptions): Promise<Served> {
  const shutdown = new AbortController();
  let draining = false;
  const readiness = createReadiness(options.ready, () => draining);
  const own = [...options.services, telemetryService({ ...deps, readiness })];
  const names = new Set(own.map((it) => it.service.typeName));
  const described = [...own, healthService(readiness, (it) => names.has(it))];
  const services = deps.enableReflection
    ? [...described, ...reflectionServices(described.map((it) => it.service))]
    : described;
  checkPolicies(services.map((it) => it.service));
  const { admission, checks } = standardSteps(deps);
  const pipeline = createPipeline(
    { admission: [...admission, endStreamsOnShutdown(shutdown.signal)], checks },
    deps.log,
  );

  const plain: Record<string, HttpHandler> = {
    ...healthRoutes(readiness),
    ...(deps.enableMetrics && {
      "/metrics": async (_: unknown, response: Parameters<HttpHandler>[1]) =>
        answer(response, 200, await deps.metrics.registry.metrics(), deps.metrics.registry.contentType),
    }),
  };
  const routes = Object.entries(options.http ?? {});
  const mayAsk = createHttpAccess({
    identity: deps.identity,
    paths: options.httpPaths ?? [],
    check: deps.contractCheck !== false,
  });
  const fallback: HttpHandler = (request, response) => {
    const path = pathOf(request);
    if (!mayAsk(path, request)) return answer(response, 403, "not for this caller\n");
    const handler = plain[path] ?? routes.find(([prefix]) => path.startsWith(prefix))?.[1];
    if (handler === undefined) answer(response, 404, "not found\n");
    else return handler(request, response);
  };
  const listener = await serveRpcs({
    name: deps.workload,
    port: deps.port,
    host: deps.host,
    services,
    pipeline,
    messages: {
      responseMaxBytes: RESPONSE_MAX_BYTES,
    },
    fallback,
    tls: deps.identity.tls,
    onError: (error) => deps.log.error({ err: error }, "a request failed outside the pipeline"),
  });
  return {
    port: listener.port,
    drain() {
      draining = true;
      listener.drain();
    },
    async close() {
      draining = true;
      shutdown.abort();
      await listener.close(CLOSE_GRACE_MS);
    },
  };
}
