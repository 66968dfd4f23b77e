import type http from "node:http";
import type http2 from "node:http2";
import type net from "node:net";
import { StartError } from "../start-error.ts";
import { createFarewell, leaveConnection } from "./farewell.ts";
import { Held } from "./held.ts";
import { createHttp1Server } from "./http1-server.ts";
import type { Http2Connection, Keeping } from "./http2-connection.ts";
import { createHttp2Server } from "./http2-server.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { createReception } from "./reception.ts";
import type { PortTls } from "./tls-server.ts";
import type { UnaryServer } from "./unary-server.ts";
import { Watchdog } from "./watchdog.ts";

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
  /** Speaks TLS, and asks clients for their certificates. */
  readonly tls?: PortTls | undefined;
  /** Told of what the handler did not catch, and of connections that could not be taken. */
  readonly onError?: (error: unknown) => void;
  /** What is put up with other than by default. */
  readonly limits?: Partial<Limits>;
}

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

/**
 * Opens one port for HTTP/1.1 and HTTP/2, both in cleartext or both over TLS.
 * @throws StartError when the port is taken or the host is not this machine's.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const onError = options.onError ?? (() => {});
  const handler = contained(options.handler, onError);
  const limits = { ...LIMITS, ...options.limits };
  const keeping: Keeping = { limits, watchdog: new Watchdog(limits.checkIntervalMs), held: new Held(limits) };
  const farewell = createFarewell();
  const connections = new Set<Http2Connection>();
  let closing = false;
  const onConnection = (connection: Http2Connection) => {
    connections.add(connection);
    connection.session.on("close", () => connections.delete(connection));
    if (closing) leaveConnection(connection);
  };
  const { unary } = options;
  const http1 = createHttp1Server({ ...keeping, handler, unary, onResponse: farewell.watch });
  const h2 = createHttp2Server({ ...keeping, handler, unary, onConnection });
  const reception = createReception({ servers: { http1, h2 }, tls: options.tls, limits, onError });
  const { server } = reception;
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
        reception.closeSilent();
        http1.closeIdleConnections();
        idle = setInterval(() => http1.closeIdleConnections(), IDLE_CHECK_MS);
      }, LAST_REQUESTS_MS);
      const end = setTimeout(() => reception.closeAll(), graceMs);
      await closed;
      http1.close();
      for (const timer of [last, idle, end]) clearTimeout(timer);
    },
  };
}
