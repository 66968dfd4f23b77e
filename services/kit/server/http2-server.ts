import http2 from "node:http2";
import { Http2Connection, type Keeping } from "./http2-connection.ts";
import { Http2Exchange } from "./http2-exchange.ts";
import type { Limits } from "./limits.ts";
import type { HttpHandler } from "./listen.ts";
import type { UnaryServer } from "./unary-server.ts";

export interface Http2ServerOptions extends Keeping {
  /** Answers what is no unary RPC. */
  readonly handler: HttpHandler;
  readonly unary: UnaryServer | undefined;
  readonly onConnection: (connection: Http2Connection) => void;
}

/**
 * What node:http2, and nghttp2 beneath it, do against bad clients by themselves. Beyond these, nghttp2 closes a connection
 * for more than eight CONTINUATION frames, a field of more than 64 KiB, a thousand answers to PING or SETTINGS in its
 * queue, and ten thousand frames that mean nothing to it.
 */
function serverOptions(limits: Limits): http2.ServerOptions {
  return {
    // Whoever opens more before it could know is refused with REFUSED_STREAM, whoever knew is cut off.
    settings: { maxConcurrentStreams: limits.streamsPerConnectionMax, maxHeaderListSize: limits.headerMaxBytes },
    // The stream is reset with ENHANCE_YOUR_CALM. `maxHeaderListSize` above is advice to clients that node does not enforce.
    maxHeaderListPairs: limits.headerMaxCount,
    // New streams are reset with ENHANCE_YOUR_CALM; counts answers on their way, 10 MB unless told.
    maxSessionMemory: limits.sessionMemoryMaxMegabytes,
    // GOAWAY; nghttp2's own is a burst of 1,000 and 33 a second.
    streamResetBurst: limits.resetsBurst,
    streamResetRate: limits.resetsPerSecond,
    maxSessionInvalidFrames: limits.invalidFramesMax,
    maxSessionRejectedStreams: limits.refusedStreamsMax,
    maxSettings: limits.settingsMax,
    // Left as they are: `maxOutstandingPings` and `maxOutstandingSettings` are about our own, of which there is one at a time;
    // `unknownProtocolTimeout` is about TLS.
  };
}

function isTooLarge(rawHeaders: readonly string[], maxBytes: number): boolean {
  let bytes = 0;
  for (const it of rawHeaders) bytes += it.length;
  return bytes > maxBytes;
}

function ignore(): void {}

function refuse(stream: http2.ServerHttp2Stream, status: number): void {
  stream.on("error", ignore);
  stream.respond({ ":status": status }, { endStream: true });
  stream.close(http2.constants.NGHTTP2_NO_ERROR);
}

/** Hands a stream to a handler as node's own compatibility API does. */
function handleStream(
  handler: HttpHandler,
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  rawHeaders: readonly string[],
): void {
  const request = new http2.Http2ServerRequest(stream, headers, {}, rawHeaders);
  const response = new http2.Http2ServerResponse(stream);
  if (request.method === "CONNECT") response.writeHead(405).end();
  else {
    if (headers.expect === "100-continue") response.writeContinue();
    void handler(request, response);
  }
}

/** A server for connections that it is given, which answers unary RPCs on node's streams. */
export function createHttp2Server(options: Http2ServerOptions): http2.Http2Server {
  const { handler, unary, limits } = options;
  const server = http2.createServer(serverOptions(limits));
  server.on("session", (session) => {
    const connection = new Http2Connection(session, options);
    session.on("stream", (stream, headers, flags, rawHeaders) => {
      // Reset before its turn came: nobody waits for an answer, and there is no way to send one.
      if (stream.destroyed || stream.closed) return void stream.on("error", ignore);
      connection.opened();
      const served = unary?.find(headers[":path"] ?? "");
      const exchange = served && new Http2Exchange(connection, stream, headers, flags);
      stream.on("close", () => {
        connection.closed();
        exchange?.closed();
      });
      if (isTooLarge(rawHeaders, limits.headerMaxBytes)) return refuse(stream, 431);
      if (served !== undefined && exchange !== undefined) return unary?.serve(exchange, served);
      connection.watch(stream);
      handleStream(handler, stream, headers, rawHeaders);
    });
    options.onConnection(connection);
  });
  server.on("sessionError", ignore);
  return server;
}
