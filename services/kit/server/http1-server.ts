import http from "node:http";
import type net from "node:net";
import type { Duplex } from "node:stream";
import { Http1Connection } from "./http1-connection.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import type { Keeping } from "./http2-connection.ts";
import type { HttpHandler } from "./listen.ts";
import type { UnaryServer } from "./unary-server.ts";

export interface Http1ServerOptions extends Keeping {
  /** Answers what is no unary RPC. */
  readonly handler: HttpHandler;
  readonly unary: UnaryServer | undefined;
  /** Called with every response before it is written. */
  readonly onResponse: (response: http.ServerResponse) => void;
}

// How long a client that sent what cannot be understood has to read that; it may send more meanwhile.
const LAST_WORDS_MS = 500;
const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Says what was wrong with the bytes of a request, unless an answer is under way, and closes the connection. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex & { _httpMessage?: unknown }): void {
  if (!socket.writable || error.code === "ECONNRESET" || socket._httpMessage) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF[error.code ?? ""] ?? 400;
  socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
}

/** A server for connections that it is given. */
export function createHttp1Server(options: Http1ServerOptions): http.Server {
  const { handler, unary, onResponse, limits } = options;
  const connections = new WeakMap<net.Socket, Http1Connection>();
  const connectionOf = (socket: net.Socket) => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const connection = new Http1Connection(socket, options);
    connections.set(socket, connection);
    return connection;
  };
  const server = http.createServer({
    maxHeaderSize: limits.headerMaxBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
  });
  // node drops what is beyond without a word; one more is taken, to know that there are too many.
  server.maxHeadersCount = limits.headerMaxCount + 1;
  server.on("request", (request, response) => {
    const connection = connectionOf(request.socket);
    // Only a response behind another one has no socket yet.
    if (response.socket === null && !connection.pipeline(response)) return connection.cutOff();
    onResponse(response);
    if (request.rawHeaders.length > 2 * limits.headerMaxCount) return void response.writeHead(431).end();
    const served = unary?.find(request.url ?? "");
    if (served === undefined) void handler(request, response);
    else unary?.serve(new Http1Exchange(connection, request, response), served);
  });
  server.on("clientError", refuseBytes);
  // It never listens by itself, and only then begins to keep track of its connections: timeouts and closing idle ones need it.
  server.emit("listening");
  return server;
}
