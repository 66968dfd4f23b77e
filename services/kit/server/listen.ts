import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { StartError } from "../start-error.ts";
import { createFarewell, leaveConnection } from "./farewell.ts";
import { tellApart } from "./first-bytes.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import { type Http2Connection, Http2Exchange } from "./http2-exchange.ts";
import type { UnaryServer } from "./unary-server.ts";

/** Handles a request of either protocol version; node's HTTP/2 compatibility API makes them alike. */
export type HttpHandler = (
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse | http2.Http2ServerResponse,
) => void | Promise<void>;

/** A port that is open. */
export interface Listener {
  readonly port: number;
  /** Asks HTTP/1.1 clients to come again on another connection, and goes on serving. */
  drain(): void;
  /** Stops taking connections, lets what runs come to its end, and closes what remains after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export interface ListenOptions {
  /** The workload, for sentences about its port. */
  readonly name: string;
  readonly port: number;
  readonly host: string;
  /** Answers what is no unary RPC. */
  readonly handler: HttpHandler;
  /** Unary RPCs, served without what the handler's requests and responses cost. */
  readonly unary?: UnaryServer;
  /** Told of what the handler did not catch, and of connections that could not be taken. */
  readonly onError?: (error: unknown) => void;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const HEADER_MAX_BYTES = 32 * 1024;
const STREAMS_PER_CONNECTION_MAX = 256;
// Finds out that the other end is gone without a word: its machine died, or a cable.
const KEEP_ALIVE_AFTER_MS = 60_000;
// Requests that are on their way when the stop begins arrive within this; then who is silent is sent away.
const LAST_REQUESTS_MS = 100;
const IDLE_CHECK_MS = 50;

function startError(error: NodeJS.ErrnoException, { name, port, host }: ListenOptions): Error {
  const variable = `${name.toUpperCase()}_PORT`;
  if (error.code === "EADDRINUSE") {
    return new StartError(
      `Port ${port} for ${name} is taken by another program; stop that, or set ${variable} to a free port.`,
    );
  }
  if (error.code === "EACCES") {
    return new StartError(
      `Port ${port} for ${name} may not be opened by this user; set ${variable} to one above 1023.`,
    );
  }
  if (error.code === "ENOTFOUND" || error.code === "EADDRNOTAVAIL") {
    return new StartError(`HOST is "${host}", but it must be an address of this machine.`);
  }
  return error;
}

function listening(server: net.Server, options: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(startError(error, options));
    server.once("error", onError);
    server.listen(options.port, options.host, () => {
      server.off("error", onError);
      resolve((server.address() as net.AddressInfo).port);
    });
  });
}

/** A handler whose failure ends its own request and nothing else. */
function contained(handler: HttpHandler, onError: (error: unknown) => void): HttpHandler {
  return async (request, response) => {
    try {
      await handler(request, response);
    } catch (error) {
      onError(error);
      if (response.headersSent) response.destroy();
      else (response as http.ServerResponse).writeHead(500).end();
    }
  };
}

function createHttp1(
  handler: HttpHandler,
  onResponse: (response: http.ServerResponse) => void,
  unary?: UnaryServer,
): http.Server {
  const server = http.createServer(
    { maxHeaderSize: HEADER_MAX_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      onResponse(response);
      const served = unary?.find(request.url ?? "");
      if (served === undefined) void handler(request, response);
      else unary?.serve(new Http1Exchange(request, response), served);
    },
  );
  // It never listens by itself, and only then begins to keep track of its connections: timeouts and closing idle ones need it.
  server.emit("listening");
  server.on("clientError", (_error, socket) => socket.destroy());
  return server;
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

function createH2(
  handler: HttpHandler,
  onConnection: (connection: Http2Connection) => void,
  unary?: UnaryServer,
): http2.Http2Server {
  const server = http2.createServer({
    settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION_MAX, maxHeaderListSize: HEADER_MAX_BYTES },
  });
  server.on("session", (session) => {
    session.on("error", () => session.destroy());
    const connection: Http2Connection = {
      session,
      peerAddress: session.socket?.remoteAddress ?? "",
      openStreams: 0,
    };
    session.on("stream", (stream, headers, flags, rawHeaders) => {
      connection.openStreams += 1;
      const served = unary?.find(headers[":path"] ?? "");
      const exchange = served && new Http2Exchange(connection, stream, headers, flags);
      stream.on("close", () => {
        connection.openStreams -= 1;
        exchange?.closed();
      });
      if (served === undefined || exchange === undefined) handleStream(handler, stream, headers, rawHeaders);
      else unary?.serve(exchange, served);
    });
    onConnection(connection);
  });
  server.on("sessionError", () => {});
  return server;
}

/**
 * Opens one port for HTTP/1.1 and cleartext HTTP/2.
 * @throws StartError when the port is taken or the host is not this machine's.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const onError = options.onError ?? (() => {});
  const handler = contained(options.handler, onError);
  const farewell = createFarewell();
  const sockets = new Set<net.Socket>();
  const untold = new Set<net.Socket>();
  const connections = new Set<Http2Connection>();
  let closing = false;
  const http1 = createHttp1(handler, farewell.watch, options.unary);
  const onConnection = (connection: Http2Connection) => {
    connections.add(connection);
    connection.session.on("close", () => connections.delete(connection));
    if (closing) leaveConnection(connection);
  };
  const h2 = createH2(handler, onConnection, options.unary);
  const server = net.createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS },
    (socket) => {
      sockets.add(socket);
      untold.add(socket);
      socket.on("close", () => sockets.delete(socket));
      tellApart(socket, { http1, h2 }, () => untold.delete(socket));
    },
  );
  const port = await listening(server, options);
  server.on("error", onError);
  return {
    port,
    drain: () => farewell.leave(),
    async close(graceMs) {
      if (closing) return;
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      farewell.leave();
      for (const connection of connections) leaveConnection(connection);
      let idle: NodeJS.Timeout | undefined;
      const last = setTimeout(() => {
        for (const socket of untold) socket.destroy();
        http1.closeIdleConnections();
        idle = setInterval(() => http1.closeIdleConnections(), IDLE_CHECK_MS);
      }, LAST_REQUESTS_MS);
      const end = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      http1.close();
      for (const timer of [last, idle, end]) clearTimeout(timer);
    },
  };
}
