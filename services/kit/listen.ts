import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { StartError } from "./start-error.ts";

/** Handles a request of either protocol version; node's HTTP/2 compatibility API makes them alike. */
export type HttpHandler = (
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse | http2.Http2ServerResponse,
) => void;

/** A port that is open. */
export interface Listener {
  readonly port: number;
  /** Stops taking connections, lets what runs come to its end, and closes what remains after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

// Every HTTP/2 connection begins with these bytes (RFC 9113, section 3.4); no HTTP/1.1 method does.
const PREFACE = "PRI ";
const FIRST_BYTES_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 10_000;
const HEADER_MAX_BYTES = 32 * 1024;
const STREAMS_PER_CONNECTION_MAX = 256;

/** Hands a connection to the server for the protocol its first bytes announce. */
function tellApart(socket: net.Socket, http1: http.Server, h2: http2.Http2Server): void {
  const timer = setTimeout(() => socket.destroy(), FIRST_BYTES_TIMEOUT_MS);
  const onError = () => socket.destroy();
  socket.on("error", onError);
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    const head = chunk.toString("latin1", 0, PREFACE.length);
    socket.unshift(chunk);
    if (head.length < PREFACE.length && PREFACE.startsWith(head)) return; // not enough to tell yet
    socket.off("readable", onReadable);
    socket.off("error", onError);
    clearTimeout(timer);
    (head === PREFACE ? h2 : http1).emit("connection", socket);
  };
  socket.on("readable", onReadable);
  socket.on("close", () => clearTimeout(timer));
}

function listening(server: net.Server, name: string, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") {
        const variable = `${name.toUpperCase()}_PORT`;
        reject(
          new StartError(
            `Port ${port} for ${name} is taken by another program; stop that, or set ${variable} to a free port.`,
          ),
        );
      } else if (error.code === "EACCES") {
        reject(
          new StartError(
            `Port ${port} for ${name} may not be opened by this user; set ${name.toUpperCase()}_PORT to one above 1023.`,
          ),
        );
      } else reject(error);
    });
    server.listen(port, host, () => resolve((server.address() as net.AddressInfo).port));
  });
}

/**
 * Opens one port for HTTP/1.1 and cleartext HTTP/2.
 * @throws StartError when the port is taken.
 */
export async function listen(options: {
  name: string;
  port: number;
  host: string;
  handler: HttpHandler;
}): Promise<Listener> {
  const http1 = http.createServer(
    { maxHeaderSize: HEADER_MAX_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 },
    options.handler,
  );
  // It never listens by itself, and only then begins to keep track of its connections: timeouts and closing idle ones need it.
  http1.emit("listening");
  const h2 = http2.createServer(
    { settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION_MAX, maxHeaderListSize: HEADER_MAX_BYTES } },
    options.handler,
  );
  const sockets = new Set<net.Socket>();
  const sessions = new Set<http2.ServerHttp2Session>();
  h2.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => session.destroy());
  });
  h2.on("sessionError", () => {});
  http1.on("clientError", (_error, socket) => socket.destroy());
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    tellApart(socket, http1, h2);
  });
  const port = await listening(server, options.name, options.port, options.host);
  return {
    port,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // GOAWAY: streams that run may end, new ones go to another connection.
      for (const session of sessions) session.close();
      // HTTP/1.1: idle connections end now, busy ones after their answer.
      http1.close();
      http1.keepAliveTimeout = 1;
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      const idle = setInterval(() => http1.closeIdleConnections(), 50);
      await closed;
      clearTimeout(timer);
      clearInterval(idle);
    },
  };
}
