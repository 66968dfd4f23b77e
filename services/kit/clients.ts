import type { DescService } from "@bufbuild/protobuf";
import { type Client, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type Call, currentCall } from "./call.ts";
import { WORKLOAD_HEADER, type WorkloadIdentity } from "./identity/workload.ts";
import { TRACE_HEADER, traceHeader } from "./pipeline/trace.ts";
import { policyOf, timeoutMsOf } from "./policy.ts";

/** Typed clients for other services; they carry on the current call's deadline, cancellation, user and trace. */
export interface Clients {
  /** A client of a service at the workload that serves it; of a service that all serve, at the workload named. */
  client<T extends DescService>(service: T, workload?: string): Client<T>;
  close(): void;
}

const RESPONSE_MAX_BYTES = 16 * 1024 * 1024;
const PING_INTERVAL_MS = 30_000;
const ATTEMPTS_MAX = 3;

/** "shop.product.v1.ProductService" is served by "product". */
function workloadOf(service: DescService): string {
  const workload = service.typeName.split(".")[1];
  if (workload === undefined) throw new Error(`${service.typeName} does not say which workload serves it`);
  return workload;
}

/** What a call hands on to the calls made on its behalf. */
function inherit(header: Headers, call: Call): void {
  header.set(TRACE_HEADER, traceHeader(call.trace));
  header.set("x-request-id", call.requestId);
  if (call.user !== undefined && !header.has("authorization")) header.set("authorization", `Bearer ${call.user.token}`);
}

/**
 * Whether a request was certainly not begun: the connection's other end is about to stop, or was full (RFC 9113, section
 * 8.7). Making the call again is safe whatever it does.
 */
function isNotBegun(error: unknown): boolean {
  const cause = error instanceof ConnectError ? error.cause : undefined;
  return cause instanceof Error && cause.message.includes("NGHTTP2_REFUSED_STREAM");
}

/** Calls again, on another connection, what the other end did not begin. */
function callAgain(): Interceptor {
  return (next) => async (request) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(request);
      } catch (error) {
        if (request.stream || attempt === ATTEMPTS_MAX || !isNotBegun(error)) throw error;
      }
    }
  };
}

function carryOn(prove: () => string): Interceptor {
  return (next) => (request) => {
    request.header.set(WORKLOAD_HEADER, prove());
    const call = currentCall();
    if (call !== undefined) inherit(request.header, call);
    return next(request);
  };
}

/** The messages of a stream; a consumer that stops asking for more ends the call. */
async function* leavable(messages: AsyncIterable<unknown>, leave: () => void): AsyncGenerator<unknown> {
  try {
    yield* messages;
  } finally {
    leave();
  }
}

/** Deadline and cancellation are set on the call's options, since interceptors come too late for them. */
function withDeadlines<T extends DescService>(service: T, client: Client<T>): Client<T> {
  const methods = service.methods.map((method) => {
    const contractMs = timeoutMsOf(policyOf(method));
    const answersMany = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
    const original = client[method.localName as keyof Client<T>] as (request: unknown, options?: object) => unknown;
    const wrapped = (request: unknown, options: { signal?: AbortSignal; timeoutMs?: number } = {}) => {
      const call = currentCall();
      const leftMs = call?.deadlineMs === undefined ? undefined : Math.max(1, call.deadlineMs - performance.now());
      const limits = [contractMs, leftMs, options.timeoutMs].filter((it) => it !== undefined);
      const left = answersMany ? new AbortController() : undefined;
      const signals = [call?.signal, options.signal, left?.signal].filter((it) => it !== undefined);
      const answer = original(request, {
        ...options,
        ...(limits.length > 0 && { timeoutMs: Math.ceil(Math.min(...limits)) }),
        ...(signals.length > 0 && { signal: signals.length === 1 ? signals[0] : AbortSignal.any(signals) }),
      });
      return left === undefined ? answer : leavable(answer as AsyncIterable<unknown>, () => left.abort());
    };
    return [method.localName, wrapped] as const;
  });
  return Object.fromEntries(methods) as Client<T>;
}

/** Clients for calls by one workload. `addressOf` says where a workload is. */
export function createClients(options: {
  workload: string;
  identity: WorkloadIdentity;
  addressOf: (workload: string) => string;
}): Clients {
  const open = new Map<string, { transport: Transport; sessions: Http2SessionManager }>();
  const proof = options.identity.prove(options.workload);
  const transportTo = (address: string) => {
    const known = open.get(address);
    if (known !== undefined) return known.transport;
    const sessions = new Http2SessionManager(address, { pingIntervalMs: PING_INTERVAL_MS });
    const transport = createGrpcTransport({
      baseUrl: address,
      sessionManager: sessions,
      readMaxBytes: RESPONSE_MAX_BYTES,
      interceptors: [carryOn(() => proof), callAgain()],
    });
    open.set(address, { transport, sessions });
    return transport;
  };
  return {
    client(service, workload = workloadOf(service)) {
      // The address is looked up with each call: services that start together learn each other's ports late, and
      // one that is started again may have another.
      let at: string | undefined;
      let client: Client<typeof service> | undefined;
      const get = () => {
        const address = options.addressOf(workload);
        if (client === undefined || address !== at) {
          client = withDeadlines(service, createClient(service, transportTo(address)));
          at = address;
        }
        return client;
      };
      const methods = service.methods.map((method) => {
        const call = (...args: unknown[]) =>
          (get() as Record<string, (...args: unknown[]) => unknown>)[method.localName]?.(...args);
        return [method.localName, call] as const;
      });
      return Object.fromEntries(methods) as Client<typeof service>;
    },
    close() {
      for (const { sessions } of open.values()) sessions.abort();
      open.clear();
    },
  };
}
