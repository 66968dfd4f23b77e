import type http from "node:http";
import http2 from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ConnectError, type ConnectRouter, createConnectRouter } from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { HttpHandler } from "./listen.ts";

export interface RpcHandlerOptions {
  readonly routes: (router: ConnectRouter) => void;
  /** Largest request and answer, in bytes. */
  readonly readMaxBytes: number;
  readonly writeMaxBytes: number;
  /** Answers what is no RPC. */
  readonly fallback: HttpHandler;
}

// node:http has a time of its own for HTTP/1.1.
const RECEIVE_TIMEOUT_MS = 60_000;

/** Gives up a request that does not come to its end: its call's own time begins only when it is there. */
function limitReceiving(request: http2.Http2ServerRequest): void {
  const timer = setTimeout(() => request.stream.close(http2.constants.NGHTTP2_CANCEL), RECEIVE_TIMEOUT_MS);
  const clear = () => clearTimeout(timer);
  request.once("end", clear).once("close", clear);
}

/** Whether an answer could not be written since nobody is there any more. */
function isBrokenConnection(error: unknown): boolean {
  const { cause } = ConnectError.from(error);
  if (!(cause instanceof Error)) return false;
  const { syscall, code } = cause as NodeJS.ErrnoException;
  return syscall === "write" || /^ERR_(STREAM|HTTP2_INVALID_STREAM|HTTP2_STREAM)_?/.test(code ?? "");
}

/**
 * Serves the RPCs of a router by Connect's own protocol handling. It takes the place of Connect's adapter, which writes
 * to the console when a client goes away at a bad moment.
 */
export function createRpcHandler({ routes, fallback, ...limits }: RpcHandlerOptions): HttpHandler {
  const router = createConnectRouter({ ...limits, acceptCompression: [compressionGzip, compressionBrotli] });
  routes(router);
  const handlers = new Map(router.handlers.map((it) => [it.requestPath, it]));
  return async (request, response) => {
    const handler = handlers.get((request.url ?? "").split("?", 1)[0] ?? "");
    if (handler === undefined) return fallback(request, response);
    const sendsMany =
      handler.method.methodKind === "client_streaming" || handler.method.methodKind === "bidi_streaming";
    if ("stream" in request && !sendsMany) limitReceiving(request);
    const incoming = universalRequestFromNodeRequest(
      request as http.IncomingMessage,
      response as http.ServerResponse,
      undefined,
      undefined,
    );
    try {
      await universalResponseToNodeResponse(await handler(incoming), response);
    } catch (error) {
      // A write may fail a moment before the connection is known to be closed.
      await nextTurn();
      if (!incoming.signal.aborted && !isBrokenConnection(error)) throw error;
    }
  };
}
