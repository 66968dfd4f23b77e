import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { type Call, currentCall } from "./call.ts";
import { withReason } from "./client/refusal.ts";
import { createServiceTransport, type ServiceTransport } from "./client/transport.ts";
import type { WorkloadIdentity } from "./identity/workload.ts";
import { TRACE_HEADER, traceHeader } from "./pipeline/trace.ts";
import { policyOf, timeoutMsOf, workloadOf } from "./policy.ts";

/** Typed clients for other services; they carry on the current call's deadline, cancellation, user and trace. */
export interface Clients {
  /** A client of a service at the workload that serves it; of a service that all serve, at the workload named. */
  client<T extends DescService>(service: T, workload?: string): Client<T>;
  close(): void;
}

/** What a call hands on to the calls made on its behalf, besides what shows who makes them. */
function handedOn(own: readonly string[]) {
  return (call: Call | undefined, given: Headers | undefined): readonly string[] => {
    if (call === undefined) return own;
    const header = [...own, TRACE_HEADER, traceHeader(call.trace), "x-request-id", call.requestId];
    if (call.user !== undefined && !given?.has("authorization"))
      header.push("authorization", `Bearer ${call.user.token}`);
    return header;
  };
}

type StreamMethod = (input: unknown, options?: CallOptions) => AsyncIterable<unknown>;

/** A method that answers with a stream, which ends as soon as its consumer asks for no more. */
function leavable(method: StreamMethod): StreamMethod {
  return async function* (input, options) {
    const left = new AbortController();
    const signal = options?.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]);
    try {
      yield* method(input, { ...options, signal });
    } finally {
      left.abort();
    }
  };
}

const answersMany = ({ methodKind }: DescMethod) =>
  methodKind === "server_streaming" || methodKind === "bidi_streaming";

function createLeavableClient<T extends DescService>(service: T, transport: Transport): Client<T> {
  const client = createClient(service, transport);
  const methods = client as Record<string, unknown>;
  for (const it of service.methods) {
    if (answersMany(it)) methods[it.localName] = leavable(methods[it.localName] as StreamMethod);
  }
  return client;
}

/** Clients for calls by one workload. */
export function createClients(options: {
  identity: Pick<WorkloadIdentity, "header" | "tls">;
  /** Where a workload is: base URLs, separated by commas. */
  addressOf: (workload: string) => string;
  /** Whether calls that may be made twice are tried again; not where a mesh does so. */
  retries?: boolean;
}): Clients {
  const { identity, addressOf } = options;
  const open = new Map<string, ServiceTransport>();
  const metadata = handedOn(Object.entries(identity.header).flat());
  const transportTo = (workload: string): ServiceTransport => {
    const { tls } = identity;
    const address = addressOf(workload);
    // Two workloads at one address are one to whom it does not matter who answers.
    const key = tls === undefined ? address : `${workload} ${address}`;
    let transport = open.get(key);
    if (transport === undefined) {
      transport = createServiceTransport({
        baseUrls: address,
        retries: options.retries,
        explain: (error, { method, hasToken, parent }) =>
          withReason(error, { method, hasToken, level: parent?.user?.level }),
        ...(tls && { tlsOptions: () => tls.optionsTo(workload) }),
        timeoutMsOf: (method) => timeoutMsOf(policyOf(method)),
        parent: currentCall,
        metadata,
      });
      open.set(key, transport);
    }
    return transport;
  };
  return {
    client(service, workload = workloadOf(service)) {
      // The address is looked up with each call: services that start together learn each other's ports late, and
      // one that is started again may have another.
      const transport: Transport = {
        unary: (method, signal, timeoutMs, header, input) =>
          transportTo(workload).unary(method, signal, timeoutMs, header, input),
        stream: async (...call) => transportTo(workload).stream(...call),
      };
      return createLeavableClient(service, transport);
    },
    close() {
      for (const transport of open.values()) transport.close();
      open.clear();
    },
  };
}
