import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { HandedOver, Pipeline } from "./pipeline/pipeline.ts";
import { policyOf } from "./policy.ts";

/** A contract and what implements it. */
export interface Implementation {
  readonly service: DescService;
  readonly methods: Readonly<Record<string, unknown>>;
}

/** Joins a contract and its implementation: a plain Connect `ServiceImpl`, so handlers know nothing of the kit. */
export function implement<T extends DescService>(service: T, methods: ServiceImpl<T>): Implementation {
  return { service, methods: methods as Readonly<Record<string, unknown>> };
}

/** The header in which the HTTP server tells the peer's address; it replaces whatever a client sends. */
export const PEER_HEADER = "x-shop-peer";

function incoming(method: DescMethod, message: Message | undefined, context: HandlerContext): HandedOver {
  return {
    method,
    policy: policyOf(method),
    message,
    header: context.requestHeader,
    peerAddress: context.requestHeader.get(PEER_HEADER) ?? "",
    callerTimeoutMs: context.timeoutMs(),
    signal: context.signal,
  };
}

type Unary = (request: Message, context: HandlerContext) => Promise<Message> | Message;
type ServerStream = (request: Message, context: HandlerContext) => AsyncIterable<Message>;
type ClientStream = (requests: AsyncIterable<Message>, context: HandlerContext) => Promise<Message> | Message;
type BidiStream = (requests: AsyncIterable<Message>, context: HandlerContext) => AsyncIterable<Message>;

function wrap(method: DescMethod, handler: unknown, pipeline: Pipeline): unknown {
  switch (method.methodKind) {
    case "unary":
      return (request: Message, context: HandlerContext) =>
        pipeline.unary(incoming(method, request, context), (call) =>
          (handler as Unary)(request, { ...context, signal: call.signal }),
        );
    case "server_streaming":
      return (request: Message, context: HandlerContext) =>
        pipeline.stream(incoming(method, request, context), (call) =>
          (handler as ServerStream)(request, { ...context, signal: call.signal }),
        );
    case "client_streaming":
      return (requests: AsyncIterable<Message>, context: HandlerContext) =>
        pipeline.unary(incoming(method, undefined, context), (call) =>
          (handler as ClientStream)(requests, { ...context, signal: call.signal }),
        );
    case "bidi_streaming":
      return (requests: AsyncIterable<Message>, context: HandlerContext) =>
        pipeline.stream(incoming(method, undefined, context), (call) =>
          (handler as BidiStream)(requests, { ...context, signal: call.signal }),
        );
  }
}

/** Registers implementations with Connect's router, each call wrapped in the pipeline. */
export function routesOf(
  implementations: readonly Implementation[],
  pipeline: Pipeline,
): (router: ConnectRouter) => void {
  return (router) => {
    for (const { service, methods } of implementations) {
      const wrapped = service.methods.flatMap((method) => {
        const handler = methods[method.localName];
        if (handler === undefined) throw new Error(`${service.typeName}.${method.name} is not implemented`);
        return [[method.localName, wrap(method, handler, pipeline)] as const];
      });
      router.service(service, Object.fromEntries(wrapped) as Partial<ServiceImpl<DescService>>);
    }
  };
}
