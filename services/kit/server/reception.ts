import type http from "node:http";
import type http2 from "node:http2";
import net from "node:net";
import { tellApart } from "./first-bytes.ts";
import type { Limits } from "./limits.ts";
import { createTlsServer, type PortTls } from "./tls-server.ts";

/** Where connections come in, until they have said which protocol they speak. */
export interface Reception {
  readonly server: net.Server;
  /** Closes the connections that have said nothing yet. */
  closeSilent(): void;
  /** Closes all, whatever they do. */
  closeAll(): void;
}

const REPORT_MS = 60_000;

/** Counts what a port turned away, and says so now and then. */
function reporter(onError: (error: unknown) => void): (what: string) => void {
  let count = 0;
  let saidMs = Number.NEGATIVE_INFINITY;
  return (what) => {
    count += 1;
    const nowMs = performance.now();
    if (nowMs - saidMs < REPORT_MS) return;
    saidMs = nowMs;
    onError(new Error(`${count} connections refused so far: ${what}`));
  };
}

/** Tells the two sides of a TLS connection to be the same: node hands out another socket after the handshake. */
function keyOf({ remoteAddress, remotePort }: net.Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Takes connections for a port, each handed to the server for its protocol: as ALPN says with TLS, else as the first bytes do. */
export function createReception(options: {
  readonly servers: { readonly http1: http.Server; readonly h2: http2.Http2Server };
  readonly tls: PortTls | undefined;
  readonly limits: Limits;
  readonly onError: (error: unknown) => void;
}): Reception {
  const { servers, tls, limits, onError } = options;
  const sockets = new Set<net.Socket>();
  const silent = new Map<string, net.Socket>();
  const enter = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  };
  const expectWord = (socket: net.Socket) => {
    const key = keyOf(socket);
    silent.set(key, socket);
    return () => void silent.delete(key);
  };
  const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: limits.tcpKeepAliveAfterMs };
  const openPlain = () =>
    net.createServer(tcp, (socket) => {
      enter(socket);
      tellApart(socket, servers, limits.firstBytesTimeoutMs, expectWord(socket));
    });
  const openTls = (by: PortTls) => {
    const report = reporter(onError);
    const onSecure = (socket: net.Socket & { alpnProtocol: string | false | null }) => {
      silent.delete(keyOf(socket));
      enter(socket);
      (socket.alpnProtocol === "h2" ? servers.h2 : servers.http1).emit("connection", socket);
    };
    const server = createTlsServer({ tls: by, limits, onSecure, onRefused: (it) => report(it.message) });
    return server.on("connection", (socket: net.Socket) => {
      enter(socket);
      socket.on("close", expectWord(socket));
    });
  };
  const server = tls === undefined ? openPlain() : openTls(tls);
  const reportDrop = reporter(onError);
  server.maxConnections = limits.connectionsMax;
  server.on("drop", () => reportDrop(`there are ${limits.connectionsMax} already`));
  return {
    server,
    closeSilent() {
      for (const it of silent.values()) it.destroy();
    },
    closeAll() {
      for (const it of sockets) it.destroy();
    },
  };
}
