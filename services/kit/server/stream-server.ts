import type http from "node:http";
import http2 from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ContextValues,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { createAsyncIterable, type UniversalServerRequest } from "@connectrpc/connect/protocol";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure, type Failure } from "../failure.ts";
import type { Peer } from "../identity/workload.ts";
import type { Implementation } from "../implementation.ts";
import type { HandedOver, Pipeline } from "../pipeline/pipeline.ts";
import { methodName, policyOf, requestMaxBytesOf } from "../policy.ts";
import type { HttpHandler } from "./listen.ts";
import { peerOf } from "./peer.ts";
import type { MessageOptions } from "./request.ts";
import { receiveStreamRequest } from "./stream-request.ts";

// node:http has a time of its own for HTTP/1.1.
const RECEIVE_TIMEOUT_MS = 60_000;
// How long an answered client may go on sending.
const UNREAD_TIMEOUT_MS = 1_000;
const PEER = createContextKey<Peer>({ address: "", spiffeId: undefined });
/** What is wrong with the request of a server stream. */
const REQUEST_FAILURE = createContextKey<Failure | undefined>(undefined);

type ServerStream = (request: Message, context: HandlerContext) => AsyncIterable<Message>;
type ClientStream = (requests: AsyncIterable<Message>, context: HandlerContext) => Promise<Message> | Message;
type BidiStream = (requests: AsyncIterable<Message>, context: HandlerContext) => AsyncIterable<Message>;

function handedOver(method: DescMethod, message: Message | undefined, context: HandlerContext): HandedOver {
  return {
    method,
    policy: policyOf(method),
    message,
    header: context.requestHeader,
    peer: context.values.get(PEER),
    callerTimeoutMs: context.timeoutMs(),
    signal: context.signal,
  };
}

/** What a client sends; what Connect's library cannot read of it is the client's fault, and not that of a part we call. */
async function* readable(requests: AsyncIterable<Message>): AsyncGenerator<Message> {
  try {
    yield* requests;
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code === Code.Canceled) throw error;
    throw error.code === Code.ResourceExhausted
      ? callFailure(ErrorReason.MESSAGE_TOO_LARGE, "A message of the request is larger than the service takes.")
      : callFailure(ErrorReason.INVALID_INPUT, "A message of the request cannot be read.");
  }
}

/** The handler of a streaming RPC within the pipeline. */
function wrap(method: DescMethod, handler: unknown, pipeline: Pipeline): unknown {
  switch (method.methodKind) {
    case "server_streaming":
      return (request: Message, context: HandlerContext) =>
        pipeline.stream(
          handedOver(method, request, context),
          (call) => (handler as ServerStream)(request, { ...context, signal: call.signal }),
          context.values.get(REQUEST_FAILURE),
        );
    case "client_streaming":
      return (requests: AsyncIterable<Message>, context: HandlerContext) =>
        pipeline.unary(handedOver(method, undefined, context), (call) =>
          (handler as ClientStream)(readable(requests), { ...context, signal: call.signal }),
        );
    case "bidi_streaming":
      return (requests: AsyncIterable<Message>, context: HandlerContext) =>
        pipeline.stream(handedOver(method, undefined, context), (call) =>
          (handler as BidiStream)(readable(requests), { ...context, signal: call.signal }),
        );
    default:
      throw new Error(`${methodName(method)} is no stream`);
  }
}

/** Connect's handlers of the streaming RPCs. */
function routerOf(implementations: readonly Implementation[], pipeline: Pipeline, options: MessageOptions) {
  const { responseMaxBytes: writeMaxBytes, registry } = options;
  const acceptCompression = [compressionGzip, compressionBrotli];
  const router: ConnectRouter = createConnectRouter({
    writeMaxBytes,
    acceptCompression,
    ...(registry && { jsonOptions: { registry } }),
  });
  for (const { service, methods } of implementations) {
    for (const method of service.methods) {
      if (method.methodKind === "unary") continue;
      const readMaxBytes = requestMaxBytesOf(policyOf(method));
      router.rpc(method, wrap(method, methods[method.localName], pipeline) as never, { readMaxBytes });
    }
  }
  return router;
}

/** Gives up a request that does not come to its end: its call's own time begins only when it is there. */
function limitReceiving(request: http2.Http2ServerRequest): void {
  const timer = setTimeout(() => request.stream.close(http2.constants.NGHTTP2_CANCEL), RECEIVE_TIMEOUT_MS);
  const clear = () => clearTimeout(timer);
  request.once("end", clear).once("close", clear);
}

/**
 * The body of a request. Node takes leaving it before its end for leaving the connection, on which the answer has yet to
 * go out; and so do calls that come after.
 */
function bodyOf(request: Parameters<HttpHandler>[0]): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

/**
 * Lets go of what was not read of a request once it is answered: takes it in and forgets it. A client that goes on over
 * HTTP/2 is asked to stop (RFC 9113, section 8.1), and not before the end of the answer has gone out, which would be lost
 * with it; node:http has a time of its own.
 */
function letGoOnAnswer(request: Parameters<HttpHandler>[0], response: Parameters<HttpHandler>[1]): void {
  if (!("stream" in request)) {
    response.once("finish", () => request.resume());
    return;
  }
  const { stream } = request;
  stream.once("finish", () => {
    if (request.readableEnded) return;
    request.resume();
    const stop = setTimeout(() => stream.close(http2.constants.NGHTTP2_NO_ERROR), UNREAD_TIMEOUT_MS);
    stream.once("close", () => clearTimeout(stop));
  });
}

type StreamedRequest = UniversalServerRequest & { readonly body: AsyncIterable<Uint8Array> };

/** Connect's handling fails where it cannot put a URL together. */
function hasAuthority(request: Parameters<HttpHandler>[0]): boolean {
  const authority = "authority" in request ? request.authority : request.headers.host;
  return authority !== undefined && URL.canParse(request.url ?? "", `http://${authority}`);
}

/** Whether an answer could not be written since nobody is there any more. */
function isBrokenConnection(error: unknown): boolean {
  const { cause } = ConnectError.from(error);
  if (!(cause instanceof Error)) return false;
  const { syscall, code } = cause as NodeJS.ErrnoException;
  return syscall === "write" || /^ERR_(STREAM|HTTP2_INVALID_STREAM|HTTP2_STREAM)_?/.test(code ?? "");
}

/**
 * Serves streaming RPCs by Connect's own protocol handling, each call taken through the pipeline; hands on what is none.
 * It takes the place of Connect's adapter, which writes to the console when a client goes away at a bad moment.
 */
export function createStreamServer(
  implementations: readonly Implementation[],
  pipeline: Pipeline,
  options: MessageOptions,
  fallback: HttpHandler,
): HttpHandler {
  const { handlers } = routerOf(implementations, pipeline, options);
  const streams = new Map(handlers.map((it) => [it.requestPath, it] as const));
  const readRequest = async (method: DescMethod, incoming: StreamedRequest, values: ContextValues) => {
    if (method.methodKind !== "server_streaming") return incoming;
    const one = await receiveStreamRequest(method, incoming.header, incoming.body, options);
    if (one === undefined) return incoming;
    values.set(REQUEST_FAILURE, one.failure);
    return { ...incoming, header: one.header, body: createAsyncIterable([one.body]) };
  };
  return async (request, response) => {
    const handler = streams.get((request.url ?? "").split("?", 1)[0] ?? "");
    if (handler === undefined) return fallback(request, response);
    if (!hasAuthority(request)) {
      (response as http.ServerResponse).writeHead(400).end("The request does not say a valid host.\n");
      return;
    }
    if ("stream" in request && handler.method.methodKind === "server_streaming") limitReceiving(request);
    const values = createContextValues().set(PEER, peerOf(request.socket));
    letGoOnAnswer(request, response);
    const incoming = universalRequestFromNodeRequest(
      request as http.IncomingMessage,
      response as http.ServerResponse,
      undefined,
      values,
    );
    try {
      const read = await readRequest(handler.method, { ...incoming, body: bodyOf(request) }, values);
      await universalResponseToNodeResponse(await handler(read), response);
    } catch (error) {
      // A write may fail a moment before the connection is known to be closed.
      await nextTurn();
      if (!incoming.signal.aborted && !isBrokenConnection(error)) throw error;
    }
  };
}
